#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "api/go_names.h"
#include "api/json_members.h"
#include "api/merge_list.h"
#include "api/message_plan.h"
#include "api/patch.h"

namespace stint {
namespace {

using json::Array;
using json::Members;
using json::Value;

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList";
constexpr std::string_view kElementOrder = "$setElementOrder";

std::unexpected<Error> bad_format(std::string_view directive) {
  return fail(Reason::kBadRequest, "invalid patch format of " + std::string(directive));
}

std::unexpected<Error> unknown_directive(const Value& directive, const Members& patch) {
  return fail(Reason::kNone, "unknown patch type: " + go_shown(directive) + " in map: " + go_shown(patch));
}

// "field" of "$prefix/field", nothing if there is no such field.
std::string_view field_of(std::string_view key, std::string_view prefix) {
  return key.size() > prefix.size() && key[prefix.size()] == '/' ? key.substr(prefix.size() + 1) : std::string_view();
}

// True if the value is to be kept; objects that are directives are not, wherever they stand. Nulls go too: there is nothing to
// delete where the value is new.
bool prune(Value& value) {
  if (value.is_object()) {
    if (value.find(kDirective) != nullptr) return false;
    std::erase_if(value.as_object(), [](auto& member) { return member.second.is_null() || !prune(member.second); });
  } else if (value.is_array()) {
    std::erase_if(value.as_array(), [](Value& element) { return !prune(element); });
  }
  return true;
}

bool same_type(const Value& a, const Value& b) { return (a.is_object() && b.is_object()) || (a.is_array() && b.is_array()); }

Result<const FieldPlan*> field_plan(const MessagePlan* plan, std::string_view name) {
  if (plan == nullptr) return fail(Reason::kNone, "merging an object in json but data type is not struct, instead is: map");
  const MemberPlan* member = plan->find(name);
  if (member != nullptr) return member->field;
  return fail(Reason::kNone,
              "unable to find api field in struct " + plan->descriptor->name() + " for the json field \"" + std::string(name) + "\"");
}

// Drops what the directive does not name.
Result<void> retain_keys(Members& target, Members& patch) {
  const Value* directive = patch.find(kRetainKeys);
  if (directive == nullptr) return {};
  if (!directive->is_array()) return bad_format("retainKeys");
  std::unordered_set<std::string> retained;
  for (const Value& key : directive->as_array()) {
    if (key.is_string()) retained.insert(key.as_string());
  }
  patch.erase_key(kRetainKeys);
  for (const auto& [key, value] : patch) {
    if (value.is_null() || key.starts_with(kDeleteFromList) || key.starts_with(kElementOrder)) continue;
    if (!retained.contains(key)) return bad_format("retainKeys");
  }
  std::erase_if(target, [&](const auto& member) { return !retained.contains(member.first); });
  return {};
}

// Every element of the patch stands in the order it declares, and in that order.
Result<void> check_declared_order(const Array& patch, const Array& declared, std::string_view merge_key) {
  if (patch.empty() || declared.empty()) return {};
  TRY(const std::vector<std::string> order, element_keys(declared, merge_key));
  auto at = order.begin();
  for (const Value& element : patch) {
    if (element.find(kDirective) != nullptr) continue;
    TRY(const std::string key, element_key(element, merge_key));
    at = std::find(at, order.end(), key);
    if (at == order.end()) {
      return fail(Reason::kNone,
                  "The order in patch list:\n" + go_shown(patch) + "\n doesn't match $setElementOrder list:\n" + go_shown(declared) + "\n");
    }
    ++at;
  }
  return {};
}

Result<void> merge_object(Value& target, Members patch, const MessagePlan* plan);

// Takes the directives out of a patch list: its deletions are done on `target`, `$patch: replace` empties it.
Result<void> apply_element_directives(Array& target, Array& patch, std::string_view merge_key) {
  Array elements;
  bool replaces = false;
  std::unordered_set<std::string> deleted;
  for (Value& element : patch) {
    const Value* directive = element.find(kDirective);
    if (directive == nullptr) {
      elements.push_back(std::move(element));
    } else if (*directive == Value("delete")) {
      TRY(std::string key, element_key(element, merge_key));
      deleted.insert(std::move(key));
    } else if (*directive == Value("replace")) {
      replaces = true;
    } else if (*directive == Value("merge")) {
      return fail(Reason::kNone, "merging lists cannot yet be specified in the patch");
    } else {
      return unknown_directive(*directive, element.as_object());
    }
  }
  patch = std::move(elements);
  if (replaces) {
    target = std::exchange(patch, {});
    return {};
  }
  std::erase_if(target, [&](const Value& element) {
    const Value* key = element.find(merge_key);
    return key != nullptr && deleted.contains(to_text(*key));
  });
  return {};
}

Result<Array> merge_objects(Array target, Array patch, const FieldPlan& field) {
  const std::string_view merge_key = field.patch_merge_key;
  if (merge_key.empty()) return fail(Reason::kNone, "cannot merge lists without merge key for struct");
  TRY_VOID(apply_element_directives(target, patch, merge_key));
  TRY(const std::vector<std::string> server_order, element_keys(target, merge_key));
  TRY(const std::vector<std::string> patch_order, element_keys(patch, merge_key));
  TRY(std::vector<KeyedElement> merged, keyed(std::move(target), merge_key));
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < merged.size(); ++i) places.emplace(merged[i].key, i);
  for (size_t i = 0; i < patch.size(); ++i) {
    const auto [place, is_new] = places.emplace(patch_order[i], merged.size());
    if (is_new) {
      merged.push_back({patch_order[i], std::move(patch[i])});
    } else {
      TRY_VOID(merge_object(merged[place->second].value, std::move(patch[i].as_object()), field.message));
    }
  }
  return in_patch_order(std::move(merged), patch_order, server_order);
}

Result<Array> merge_scalars(Array target, Array patch) {
  TRY(const std::vector<std::string> server_order, element_keys(target, ""));
  TRY(const std::vector<std::string> patch_order, element_keys(patch, ""));
  std::ranges::move(patch, std::back_inserter(target));
  TRY(std::vector<KeyedElement> all, keyed(std::move(target), ""));
  std::unordered_set<std::string> seen;
  std::erase_if(all, [&](const KeyedElement& element) { return !seen.insert(element.key).second; });
  return in_patch_order(std::move(all), patch_order, server_order);
}

Result<Array> merge_list(Array target, Array patch, const FieldPlan& field) {
  if (!field.patch_merges) return patch;
  TRY_VOID(check_element_types(target, patch));
  const bool has_objects = (!target.empty() && target[0].is_object()) || (!patch.empty() && patch[0].is_object());
  return has_objects ? merge_objects(std::move(target), std::move(patch), field) : merge_scalars(std::move(target), std::move(patch));
}

Array without(Array target, const Array& deleted) {
  std::unordered_set<std::string> keys;
  for (const Value& value : deleted) keys.insert(to_text(value));
  std::erase_if(target, [&](const Value& value) { return keys.contains(to_text(value)); });
  return target;
}

// The order of the server's list once the patch has deleted from it. Upstream lets new elements take the places that deleted
// ones left free, so that a container that replaces another stands behind those that stay.
Result<std::vector<std::string>> order_after_deletions(std::vector<std::string> order, const Array& patch, std::string_view merge_key) {
  std::unordered_set<std::string> deleted;
  std::vector<std::string> given;
  for (const Value& element : patch) {
    const Value* directive = element.find(kDirective);
    if (directive != nullptr && *directive != Value("delete")) continue;
    TRY(std::string key, element_key(element, merge_key));
    if (directive != nullptr) {
      deleted.insert(std::move(key));
    } else {
      given.push_back(std::move(key));
    }
  }
  const size_t places = order.size();
  std::erase_if(order, [&](const std::string& key) { return deleted.contains(key); });
  std::unordered_set<std::string> known(order.begin(), order.end());
  for (std::string& key : given) {
    if (order.size() == places) break;
    if (known.insert(key).second) order.push_back(std::move(key));
  }
  return order;
}

// One `$setElementOrder/name` with the patch list it belongs to, if there is one.
Result<void> merge_in_order(Members& target, std::string_view name, const Value& declared, Value* patch, const MessagePlan* plan) {
  if (!declared.is_array() || (patch != nullptr && !patch->is_array())) return bad_format("setElementOrder list");
  Value* known = target.find(name);
  if (known != nullptr && !known->is_array()) return bad_format("setElementOrder list");
  TRY(const FieldPlan* field, field_plan(plan, name));
  const std::string_view merge_key = field->patch_merge_key;
  Array elements = patch == nullptr ? Array() : std::move(patch->as_array());
  TRY_VOID(check_declared_order(elements, declared.as_array(), merge_key));
  if (known == nullptr && patch == nullptr) return {};
  Array merged = known == nullptr ? Array() : known->as_array();
  TRY(std::vector<std::string> live_order, element_keys(merged, merge_key));
  TRY(const std::vector<std::string> server_order, order_after_deletions(std::move(live_order), elements, merge_key));
  if (patch != nullptr && known == nullptr) {
    Value fresh(std::move(elements));
    prune(fresh);
    merged = std::move(fresh.as_array());
  } else if (patch != nullptr) {
    TRY(merged, merge_list(std::move(merged), std::move(elements), *field));
  }
  TRY(const std::vector<std::string> patch_order, element_keys(declared.as_array(), merge_key));
  TRY(std::vector<KeyedElement> all, keyed(std::move(merged), merge_key));
  target[name] = Value(in_patch_order(std::move(all), patch_order, server_order));
  return {};
}

// The ordered lists come first; what is done is taken out of the patch.
Result<void> merge_ordered_lists(Members& target, Members& patch, const MessagePlan* plan) {
  std::unordered_set<std::string> done;
  for (const auto& [key, declared] : patch) {
    if (!key.starts_with(kElementOrder)) continue;
    const std::string_view name = field_of(key, kElementOrder);
    if (name.empty()) return bad_format("setElementOrder list");
    Value* list = patch.find(name);
    if (list != nullptr && list->is_null()) list = nullptr;  // deletes the field, later
    TRY_VOID(merge_in_order(target, name, declared, list, plan));
    done.insert(key);
    if (list != nullptr) done.emplace(name);
  }
  if (!done.empty()) std::erase_if(patch, [&](const auto& member) { return done.contains(member.first); });
  return {};
}

// A member that both have.
Result<void> merge_value(Value& target, Value value, std::string_view name, const MessagePlan* plan) {
  TRY(const FieldPlan* field, field_plan(plan, name));
  if (value.is_array()) {
    TRY(Array merged, merge_list(std::move(target.as_array()), std::move(value.as_array()), *field));
    target = Value(std::move(merged));
    return {};
  }
  if (field->patch_replaces) {
    target = std::move(value);
    return {};
  }
  return merge_object(target, std::move(value.as_object()), field->shape == FieldShape::kSingle ? field->message : nullptr);
}

Result<void> merge_members(Members& target, Members patch, const MessagePlan* plan) {
  json::MemberIndex index(target);
  std::unordered_set<std::string> removed;
  for (auto& [key, value] : patch) {
    const bool deletes = key.starts_with(kDeleteFromList);
    const std::string_view name = deletes ? field_of(key, kDeleteFromList) : std::string_view(key);
    if (deletes && name.empty()) return bad_format("primitive list");
    Value* known = index.find(name);
    if (value.is_null()) {
      removed.emplace(name);
    } else if (deletes && value.is_array()) {
      if (known != nullptr && known->is_array()) *known = Value(without(std::move(known->as_array()), value.as_array()));
    } else if (known != nullptr && same_type(*known, value)) {
      TRY_VOID(merge_value(*known, std::move(value), name, plan));  // upstream merges an object even where a list to delete is due
    } else if (deletes) {
      continue;
    } else if (!prune(value)) {
      removed.emplace(name);
    } else if (known != nullptr) {
      *known = std::move(value);
    } else {
      index.add(std::string(name), std::move(value));
    }
  }
  if (!removed.empty()) std::erase_if(target, [&](const auto& member) { return removed.contains(member.first); });
  return {};
}

// The recursion follows the patch, whose depth its parser has bounded. `plan` is null inside a map.
Result<void> merge_object(Value& target, Members patch, const MessagePlan* plan) {
  if (const Value* directive = patch.find(kDirective)) {
    if (*directive == Value("delete")) {
      target = Value(Members());
    } else if (*directive == Value("replace")) {
      patch.erase_key(kDirective);
      target = Value(std::move(patch));
    } else {
      return unknown_directive(*directive, patch);
    }
    return {};
  }
  Members& members = target.as_object();
  TRY_VOID(retain_keys(members, patch));
  TRY_VOID(merge_ordered_lists(members, patch, plan));
  return merge_members(members, std::move(patch), plan);
}

}  // namespace

Result<Value> apply_strategic_patch(const Value& document, const Value& patch, const google::protobuf::Descriptor& type) {
  if (!patch.is_object()) {
    return fail(Reason::kBadRequest,
                "json: cannot unmarshal " + std::string(go_name(patch)) + " into Go value of type map[string]interface {}");
  }
  Value result = document.is_object() ? document : Value(Members());
  TRY_VOID(merge_object(result, patch.as_object(), &plan_of(&type)));
  return result;
}

}  // namespace stint
