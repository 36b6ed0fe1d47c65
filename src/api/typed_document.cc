#include "api/typed_document.h"

#include "api/go_quote.h"
#include "api/merge_list.h"

namespace stint::typed {
namespace {

using json::Value;
using Shape = Type::Shape;

Type scalar(const FieldPlan* field) { return {.shape = Shape::kScalar, .field = field}; }

// Of a single field, or of an item or a value of another.
Type type_of_element(const FieldPlan& field, bool is_atomic) {
  switch (field.type) {
    case FieldType::kMessage:
      return {.shape = Shape::kStruct, .is_atomic = is_atomic, .field = &field, .message = field.message};
    case FieldType::kFieldsV1:
    case FieldType::kRawExtension:
    case FieldType::kTextList:
      return {.shape = Shape::kAny, .field = &field};
    default:
      return scalar(&field);
  }
}

Type type_of_field(const FieldPlan& field) {
  switch (field.shape) {
    case FieldShape::kSingle:
      return type_of_element(field, field.is_atomic);
    case FieldShape::kRepeated:
      return {.shape = Shape::kList, .is_atomic = field.list_type == ListType::kAtomic, .field = &field};
    case FieldShape::kMap:
      return {.shape = Shape::kMap, .is_atomic = field.is_atomic, .field = &field};
  }
  std::unreachable();
}

std::unexpected<Error> wrong(std::string text) { return fail(Reason::kNone, std::move(text)); }

Result<PathElement> keyed_element(const FieldPlan& field, const Value& item) {
  if (item.is_null()) return wrong("associative list with keys may not have a null element");
  if (!item.is_object()) return wrong("associative list with keys may not have non-map elements");
  std::string text = "{", names;
  for (const ListKey& key : field.list_keys) {
    names += (names.empty() ? "" : " ") + go_quoted(key.name);
    const Value* value = item.find(key.name);
    if (value == nullptr && key.default_json.empty()) continue;
    if (text.size() > 1) text += ',';
    json::append_quoted(key.name, text);
    text += ':';
    text += value != nullptr ? json::to_text(*value) : key.default_json;
  }
  if (text.size() == 1) {
    return wrong("associative list with keys has an element that omits all key fields [" + names +
                 "] (and doesn't have default values for any key fields)");
  }
  return PathElement{PathElement::Type::kKey, text + '}'};
}

Result<PathElement> scalar_element(const Value& item) {
  if (item.is_object()) return wrong("associative list without keys has an element that's a map type");
  if (item.is_array()) return wrong("not supported: associative list with lists as elements");
  if (item.is_null()) return wrong("associative list without keys has an element that's an explicit null");
  return PathElement{PathElement::Type::kValue, json::to_text(item)};
}

}  // namespace

Type type_of_object(const google::protobuf::Descriptor& descriptor) {
  return {.shape = Shape::kStruct, .is_object = true, .message = &plan_of(&descriptor)};
}

std::optional<Type> type_of_member(const Type& type, std::string_view name) {
  if (type.shape == Shape::kAny) return type;
  if (type.shape == Shape::kMap) return type_of_element(*type.field, type.field->message != nullptr && type.field->message->is_atomic);
  if (type.shape != Shape::kStruct) return std::nullopt;
  if (const MemberPlan* member = type.message->find(name)) return type_of_field(*member->field);
  if (type.is_object && (name == "apiVersion" || name == "kind")) return scalar(nullptr);
  return std::nullopt;
}

Type type_of_item(const Type& list) {
  if (list.shape == Shape::kAny) return list;
  return type_of_element(*list.field, list.field->message != nullptr && list.field->message->is_atomic);
}

Result<PathElement> item_element(const Type& list, const Value& item) {
  if (list.is_atomic || list.shape != Shape::kList) return wrong("invalid indexing of non-associative list");
  return list.field->list_type == ListType::kMap ? keyed_element(*list.field, item) : scalar_element(item);
}

}  // namespace stint::typed
