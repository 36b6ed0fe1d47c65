// A directory whose files change all at once: `name` → `..data/name`, `..data` → a directory with the time in its name, swapped by rename.
// Blocking; any thread, one writer a directory.
#pragma once

#include <string>

#include "base/result.h"
#include "node/volume_payload.h"

namespace stint {

// Makes `dir` hold exactly `payload`. Safe to repeat after a crash at any point; writes nothing when nothing changed.
Result<void> write_atomically(const std::string& dir, const Payload& payload);

}  // namespace stint
