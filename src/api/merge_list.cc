#include "api/merge_list.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace stint {
namespace {

using json::Array;
using json::Value;

// The first place of each key.
using Positions = std::unordered_map<std::string_view, size_t>;

Positions positions(const std::vector<std::string>& keys) {
  Positions out;
  for (size_t i = 0; i < keys.size(); ++i) out.emplace(keys[i], i);
  return out;
}

std::optional<size_t> position(const Positions& order, const std::string& key) {
  const auto it = order.find(key);
  return it == order.end() ? std::nullopt : std::optional(it->second);
}

// Elements that `order` does not name come first. Equal keys keep their order.
void sort_by(const Positions& order, std::vector<KeyedElement>& elements) {
  std::vector<std::pair<std::pair<std::optional<size_t>, size_t>, KeyedElement*>> ranked;
  for (size_t i = 0; i < elements.size(); ++i) ranked.push_back({{position(order, elements[i].key), i}, &elements[i]});
  std::ranges::sort(ranked, {}, [](const auto& entry) { return entry.first; });
  std::vector<KeyedElement> sorted;
  for (const auto& entry : ranked) sorted.push_back(std::move(*entry.second));
  elements = std::move(sorted);
}

int type_rank(const Value& value) {
  if (value.is_object()) return 0;
  if (value.is_array()) return 1;
  if (value.is_string()) return 2;
  if (value.is_bool()) return 3;
  return value.is_number() ? 4 : 5;
}

}  // namespace

std::string go_shown(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_null()) return "<nil>";
  std::string out;
  if (value.is_array()) {
    for (const Value& element : value.as_array()) out.append(out.empty() ? "" : " ").append(go_shown(element));
    return "[" + out + "]";
  }
  if (!value.is_object()) return to_text(value);
  std::vector<const json::Members::value_type*> order;
  for (const auto& member : value.as_object()) order.push_back(&member);
  std::ranges::sort(order, {}, [](const auto* member) -> const std::string& { return member->first; });
  for (const auto* member : order) {
    out.append(out.empty() ? "" : " ").append(member->first).append(":").append(go_shown(member->second));
  }
  return "map[" + out + "]";
}

Result<std::string> element_key(const Value& element, std::string_view merge_key) {
  if (merge_key.empty()) return to_text(element);
  if (!element.is_object()) {
    return fail(Reason::kNone, "expected a map[string]interface {}, but received " + go_shown(element));
  }
  const Value* key = element.find(merge_key);
  if (key == nullptr) {
    return fail(Reason::kNone, "map: " + go_shown(element) + " does not contain declared merge key: " + std::string(merge_key));
  }
  return to_text(*key);
}

Result<std::vector<std::string>> element_keys(const Array& elements, std::string_view merge_key) {
  std::vector<std::string> keys;
  keys.reserve(elements.size());
  for (const Value& element : elements) {
    TRY(std::string key, element_key(element, merge_key));
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<std::vector<KeyedElement>> keyed(Array elements, std::string_view merge_key) {
  TRY(std::vector<std::string> keys, element_keys(elements, merge_key));
  std::vector<KeyedElement> out;
  out.reserve(elements.size());
  for (size_t i = 0; i < elements.size(); ++i) out.push_back({std::move(keys[i]), std::move(elements[i])});
  return out;
}

Result<void> check_element_types(const Array& a, const Array& b) {
  const Value* first = !a.empty() ? &a.front() : !b.empty() ? &b.front() : nullptr;
  if (first == nullptr) return {};
  if (first->is_array()) return fail(Reason::kInvalid, "the server rejected our request due to an error in our request");
  const auto is_alike = [&](const Value& element) { return type_rank(element) == type_rank(*first); };
  if (std::ranges::all_of(a, is_alike) && std::ranges::all_of(b, is_alike)) return {};
  return fail(Reason::kNone, "list element types are not identical: [" + go_shown(a) + " " + go_shown(b) + "]");
}

Array in_patch_order(std::vector<KeyedElement> merged, const std::vector<std::string>& patch_order,
                     const std::vector<std::string>& server_order) {
  const Positions patch = positions(patch_order);
  const Positions server = positions(server_order);
  std::vector<KeyedElement> named;
  std::vector<KeyedElement> others;
  for (KeyedElement& element : merged) (patch.contains(element.key) ? named : others).push_back(std::move(element));
  sort_by(patch, named);
  sort_by(server, others);
  Array out;
  out.reserve(merged.size());
  auto other = others.begin();
  for (KeyedElement& element : named) {
    const std::optional<size_t> at = position(server, element.key);
    for (; at && other != others.end(); ++other) {
      const std::optional<size_t> other_at = position(server, other->key);
      if (!other_at || *other_at >= *at) break;
      out.push_back(std::move(other->value));
    }
    out.push_back(std::move(element.value));
  }
  for (; other != others.end(); ++other) out.push_back(std::move(other->value));
  return out;
}

}  // namespace stint
