// What the JSON decoder checks on its way and a protobuf body must be checked for afterwards. Pure; any thread.
#pragma once

#include "api/types.h"
#include "base/result.h"

namespace stint {

// Quantities become canonical, times lose the digits upstream drops, embedded JSON must be JSON. kBadRequest in upstream's words.
Result<void> apply_wire_rules(Message& message);

}  // namespace stint
