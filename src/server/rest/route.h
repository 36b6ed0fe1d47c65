// Which kind and verb a path leads to, of those that are served. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "server/rest/request_info.h"

namespace stint::rest {

// What a path leads to.
struct Target {
  const Kind* kind = nullptr;  // null: nothing is served there
  Verb verb = Verb::kGet;
  bool allowed = true;  // false: it is served, but not by this method
};

Target route(const RequestInfo& info);

// Nothing: a verb that no object is asked by.
std::optional<Verb> verb_of(std::string_view name);

}  // namespace stint::rest
