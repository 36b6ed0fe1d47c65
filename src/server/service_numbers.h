// Addresses and node ports for Services: chosen among those that no other Service has. Loop thread only.
#pragma once

#include <optional>

#include "server/pipeline.h"

namespace stint {

// Held from the choice until the write is done, so that two writes never choose the same. Nothing for other kinds.
Task<std::optional<KeyLocks::Hold>> lock_service_numbers(Core& core, const Kind& kind);
// Completes the next state of a Service (old is null on create); does nothing to other kinds. REQUIRES: the lock is held.
Result<void> assign_service_numbers(Core& core, const Kind& kind, Message& next, const Message* old);

}  // namespace stint
