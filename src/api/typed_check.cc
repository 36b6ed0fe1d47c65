// Whether a document fits its declaration, in the words of upstream's structured-merge-diff.
#include <unordered_set>

#include "api/go_quote.h"
#include "api/merge_list.h"
#include "api/typed_document.h"

namespace stint::typed {
namespace {

using json::Value;
using Shape = Type::Shape;

// Go's %v of upstream's wrapper around a value.
std::string wrapped(const Value& value) { return "&{" + go_shown(value) + "}"; }

std::string_view go_type(const Value& value) {
  if (value.is_object()) return "map[string]interface {}";
  if (value.is_array()) return "[]interface {}";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  return value.is_double() ? "float64" : "int64";
}

// Go's %#v of a value.
std::string go_literal(const Value& value) {
  if (value.is_string()) return go_quoted(value.as_string());
  if (value.is_null()) return "interface {}(nil)";
  if (!value.is_object() && !value.is_array()) return json::to_text(value);
  std::string out(go_type(value));
  std::string inside;
  if (value.is_array()) {
    for (const Value& item : value.as_array()) inside.append(inside.empty() ? "" : ", ").append(go_literal(item));
  } else {
    for (const auto& [key, member] : value.as_object()) {
      inside.append(inside.empty() ? "" : ", ").append(go_quoted(key)).append(":").append(go_literal(member));
    }
  }
  return out + "{" + inside + "}";
}

class Check {
 public:
  explicit Check(Duplicates duplicates) : duplicates_(duplicates) {}

  void value(const Value& value, const Type& type) {
    if (value.is_null()) return;
    switch (type.shape) {
      case Shape::kScalar:
        return scalar(value, type);
      case Shape::kStruct:
      case Shape::kMap:
        return map(value, type);
      case Shape::kList:
        return list(value, type);
      case Shape::kAny:
        return;
    }
  }

  Result<void> outcome() const {
    if (errors_.empty()) return {};
    if (errors_.size() == 1) return fail(Reason::kNone, errors_[0]);
    std::string text = "errors:";
    for (const std::string& error : errors_) text += "\n  " + error;
    return fail(Reason::kNone, std::move(text));
  }

 private:
  void report(const std::string& what) { errors_.push_back(path_.empty() ? what : shown(path_) + ": " + what); }

  void scalar(const Value& value, const Type& type) {
    const FieldType expected = type.field == nullptr ? FieldType::kString : type.field->type;
    switch (expected) {
      case FieldType::kString:
      case FieldType::kBytes:
        if (!value.is_string()) report("expected string, got &value.valueUnstructured{Value:" + go_literal(value) + "}");
        return;
      case FieldType::kBool:
        if (!value.is_bool()) report("expected boolean, got " + wrapped(value));
        return;
      case FieldType::kInt32:
      case FieldType::kInt64:
        if (!value.is_number()) report("expected numeric (int or float), got " + std::string(go_type(value)));
        return;
      default:
        if (value.is_object() || value.is_array()) report("expected any scalar, got " + wrapped(value));
        return;
    }
  }

  void map(const Value& value, const Type& type) {
    if (!value.is_object()) return report("expected map, got " + wrapped(value));
    for (const auto& [key, member] : value.as_object()) {
      path_.push_back(PathElement::field(key));
      const std::optional<Type> declared = type_of_member(type, key);
      if (declared) {
        this->value(member, *declared);
      } else {
        report("field not declared in schema");
      }
      path_.pop_back();
      if (!declared) return;  // as upstream, which gives up on the struct there
    }
  }

  void list(const Value& value, const Type& type) {
    if (!value.is_array()) return report("expected list, got " + wrapped(value));
    const Type item_type = type_of_item(type);
    std::unordered_set<std::string> seen;
    for (size_t i = 0; i < value.as_array().size(); ++i) {
      const Value& item = value.as_array()[i];
      PathElement element{PathElement::Type::kIndex, std::to_string(i)};
      if (!type.is_atomic) {
        Result<PathElement> named = item_element(type, item);
        if (!named) return report("element " + std::to_string(i) + ": " + named.error().message);
        element = *std::move(named);
        const bool is_new = seen.insert(element.text).second;
        if (!is_new && duplicates_ == Duplicates::kRefused) report("duplicate entries for key " + element.shown());
      }
      path_.push_back(std::move(element));
      this->value(item, item_type);
      path_.pop_back();
    }
  }

  const Duplicates duplicates_;
  std::vector<PathElement> path_;
  std::vector<std::string> errors_;
};

}  // namespace

Result<void> check(const Value& document, const Type& type, Duplicates duplicates) {
  Check check(duplicates);
  check.value(document, type);
  return check.outcome();
}

}  // namespace stint::typed
