#include <unordered_set>

#include "api/json_members.h"
#include "api/patch.h"

namespace stint {
namespace {

using json::Members;
using json::Value;

void sort_all(Value& value) {
  if (value.is_object()) {
    for (auto& [key, member] : value.as_object()) sort_all(member);
    json::sort_members(value.as_object());
  } else if (value.is_array()) {
    for (Value& element : value.as_array()) sort_all(element);
  }
}

// The recursion follows the patch, whose depth its parser has bounded. What it touches is sorted, as upstream's messages quote it.
void merge(Value& target, const Value& patch) {
  if (!patch.is_object()) {
    target = patch;
    sort_all(target);
    return;
  }
  if (!target.is_object()) target = Value(Members());
  Members& members = target.as_object();
  json::MemberIndex index(members);
  std::unordered_set<std::string_view> removed;
  for (const auto& [key, value] : patch.as_object()) {
    Value* known = index.find(key);
    if (value.is_null()) {
      if (known != nullptr) removed.insert(key);
    } else {
      merge(known != nullptr ? *known : index.add(key, Value()), value);
    }
  }
  if (!removed.empty()) std::erase_if(members, [&](const auto& member) { return removed.contains(member.first); });
  json::sort_members(members);
}

}  // namespace

Value apply_merge_patch(const Value& document, const Value& patch) {
  Value result = document;
  merge(result, patch);
  return result;
}

}  // namespace stint
