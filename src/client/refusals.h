// Why the front door refuses a write, as far as its clients tell the reasons apart. Pure; any thread.
#pragma once

#include <algorithm>

#include "base/result.h"

namespace stint {

// Nothing can be created in a namespace that goes away: that is nobody's failure, and nobody need be told.
// Source: upstream's apimachinery, HasStatusCause with NamespaceTerminatingCause.
inline bool is_namespace_terminating(const Error& error) {
  return std::ranges::any_of(error.causes, [](const Cause& cause) { return cause.reason == "NamespaceTerminating"; });
}

}  // namespace stint
