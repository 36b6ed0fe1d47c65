// When a finished Job is to be deleted. Pure; any thread.
#pragma once

#include <optional>

#include "api/types.h"
#include "base/clock.h"
#include "base/result.h"

namespace stint::ttl {

// Nothing: never, as things are. An error: it is finished, but no condition says when.
Result<std::optional<WallTime>> find_expiry(const batchv1::Job& job);

}  // namespace stint::ttl
