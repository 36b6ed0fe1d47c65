// Merging a configuration into a document, and taking fields out of one.
#include <unordered_map>
#include <unordered_set>

#include "api/json_members.h"
#include "api/typed_document.h"

namespace stint::typed {
namespace {

using json::Array;
using json::Members;
using json::Value;
using Shape = Type::Shape;

const Value kNull = Value();

bool is_empty(const Value* value) {
  if (value == nullptr) return true;
  return value->is_array() ? value->as_array().empty() : !value->is_object() || value->as_object().empty();
}

std::optional<Value> merge(const Value* live, const Value* config, const Type& type);

std::optional<Value> merge_maps(const Value* live, const Value* config, const Type& type) {
  Members out;
  const auto add = [&](const std::string& key, const Value* of_live, const Value* of_config) {
    const std::optional<Type> member = type_of_member(type, key);
    if (!member) return;
    if (auto value = merge(of_live, of_config, *member)) out.emplace_back(key, *std::move(value));
  };
  std::unordered_map<std::string_view, const Value*> configured;
  if (config != nullptr && config->is_object()) {
    for (const auto& [key, value] : config->as_object()) configured.emplace(key, &value);
  }
  std::unordered_set<std::string_view> known;
  if (live != nullptr && live->is_object()) {
    for (const auto& [key, value] : live->as_object()) {
      const auto found = configured.find(key);
      add(key, &value, found == configured.end() ? nullptr : found->second);
      known.insert(key);
    }
  }
  if (config != nullptr && config->is_object()) {
    for (const auto& [key, value] : config->as_object()) {
      if (!known.contains(key)) add(key, nullptr, &value);
    }
  }
  if (out.empty()) return std::nullopt;
  return Value(std::move(out));
}

// One of the two lists: its items and the element of each. Of several with one element none stands for it: null does.
struct Items {
  std::vector<const Value*> values;
  std::vector<std::string> elements;
  std::unordered_map<std::string_view, const Value*> by_element;

  Items(const Value* list, const Type& type) {
    if (list == nullptr || !list->is_array()) return;
    for (const Value& item : list->as_array()) {
      Result<PathElement> element = item_element(type, item);
      if (!element) continue;
      values.push_back(&item);
      elements.push_back(std::move(element->text));
    }
    for (size_t i = 0; i < elements.size(); ++i) {
      const auto [at, is_new] = by_element.emplace(elements[i], values[i]);
      if (!is_new) at->second = &kNull;
    }
  }
  bool has(std::string_view element) const { return by_element.contains(element); }
  const Value* find(std::string_view element) const {
    const auto at = by_element.find(element);
    return at == by_element.end() ? nullptr : at->second;
  }
};

// The order is upstream's: items of both stand as the configuration has them, the others of the live list where they were between
// those, and new ones behind what goes before them in the configuration.
class ListMerge {
 public:
  ListMerge(const Value* live, const Value* config, const Type& type)
      : live_(live, type), config_(config, type), item_type_(type_of_item(type)) {
    for (const std::string& element : config_.elements) {
      if (live_.has(element)) shared_.push_back(element);
    }
  }

  std::optional<Value> run() {
    while (l_ < live_.elements.size() || c_ < config_.elements.size()) step();
    if (out_.empty()) return std::nullopt;
    return Value(std::move(out_));
  }

 private:
  void step() {
    const bool has_live = l_ < live_.elements.size();
    if (has_live && c_ < config_.elements.size()) {
      const std::string& element = live_.elements[l_];
      if (element == config_.elements[c_]) {
        take_config();
        ++l_;
        return;
      }
      if (config_.has(element) && next_shared_ < shared_.size() && shared_[next_shared_] != element) {
        ++l_;  // shared, but it is not its turn
        return;
      }
    }
    if (has_live) {
      const std::string& element = live_.elements[l_];
      if (!config_.has(element)) {
        add(live_.values[l_++], nullptr);
        return;
      }
      if (merged_.contains(element)) ++l_;
    }
    if (c_ < config_.elements.size()) take_config();
  }

  void take_config() {
    const std::string& element = config_.elements[c_++];
    merged_.insert(element);
    add(live_.find(element), config_.find(element));
    if (next_shared_ < shared_.size() && shared_[next_shared_] == element) ++next_shared_;
  }

  void add(const Value* live, const Value* config) {
    if (auto value = merge(live, config, item_type_)) out_.push_back(*std::move(value));
  }

  const Items live_, config_;
  const Type item_type_;
  std::vector<std::string_view> shared_;
  std::unordered_set<std::string_view> merged_;
  size_t l_ = 0, c_ = 0, next_shared_ = 0;
  Array out_;
};

// Nothing when neither leaves anything. A null pointer is an absent value; not both are.
std::optional<Value> merge(const Value* live, const Value* config, const Type& type) {
  const bool is_any_map = type.shape == Shape::kAny && config != nullptr && config->is_object();
  const bool is_leaf = type.shape == Shape::kScalar || (type.shape == Shape::kAny && !is_any_map) || type.is_atomic;
  if (is_leaf || (is_empty(live) && is_empty(config))) return config != nullptr ? *config : *live;
  return type.shape == Shape::kList ? ListMerge(live, config, type).run() : merge_maps(live, config, type);
}

Value remove(const Value& value, const FieldSet& fields, const Type& type);

Value remove_items(const Value& list, const FieldSet& fields, const Type& type) {
  if (!list.is_array() || type.is_atomic) return Value();
  Array kept;
  for (const Value& item : list.as_array()) {
    const Result<PathElement> element = item_element(type, item);
    const bool goes = element && fields.contains(std::span(&*element, 1));
    if (goes) continue;
    const FieldSet* below = element ? fields.below(*element) : nullptr;
    kept.push_back(below == nullptr ? item : remove(item, *below, type_of_item(type)));
  }
  if (kept.empty()) return Value();
  return Value(std::move(kept));
}

Value remove_members(const Value& map, const FieldSet& fields, const Type& type) {
  if (!map.is_object() || type.is_atomic) return Value();
  Members kept;
  for (const auto& [key, value] : map.as_object()) {
    const PathElement element = PathElement::field(key);
    if (fields.contains(std::span(&element, 1))) continue;
    const FieldSet* below = fields.below(element);
    const std::optional<Type> member = type_of_member(type, key);
    kept.emplace_back(key, below == nullptr || !member ? value : remove(value, *below, *member));
  }
  if (kept.empty()) return Value();
  return Value(std::move(kept));
}

// Null when nothing is left.
Value remove(const Value& value, const FieldSet& fields, const Type& type) {
  switch (type.shape) {
    case Shape::kScalar:
      return value;
    case Shape::kList:
      return remove_items(value, fields, type);
    case Shape::kStruct:
    case Shape::kMap:
      return remove_members(value, fields, type);
    case Shape::kAny:
      return value.is_object() ? remove_members(value, fields, type) : value;
  }
  std::unreachable();
}

}  // namespace

Value merged(const Value& live, const Value& config, const Type& type) { return merge(&live, &config, type).value_or(Value()); }

Value without(const Value& document, const FieldSet& fields, const Type& type) { return remove(document, fields, type); }

}  // namespace stint::typed
