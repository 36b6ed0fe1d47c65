// The lists of strategic merge patch as keyed elements: a merge key's value, or the scalar itself, says which are the same.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"

namespace stint {

struct KeyedElement {
  std::string key;
  json::Value value;
};

// As Go's %v shows a document, for upstream's messages.
std::string go_shown(const json::Value& value);

// Without a merge key every element is its own key. An object that lacks its merge key is an error (kNone, 500 as upstream).
Result<std::string> element_key(const json::Value& element, std::string_view merge_key);
Result<std::vector<std::string>> element_keys(const json::Array& elements, std::string_view merge_key);
Result<std::vector<KeyedElement>> keyed(json::Array elements, std::string_view merge_key);

// Elements must be all objects or all scalars of one type.
Result<void> check_element_types(const json::Array& a, const json::Array& b);

// The order of a merged list: elements that `patch_order` names stand in its order, the others in that of the server's list,
// each of them before the first named element that followed it there.
json::Array in_patch_order(std::vector<KeyedElement> merged, const std::vector<std::string>& patch_order,
                           const std::vector<std::string>& server_order);

}  // namespace stint
