// Durations as Go writes them: "1h30m", "1.5h", "-90s". Pure; any thread.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace stint {

// kInvalid, in the words of Go's time package.
Result<Duration> parse_go_duration(std::string_view text);

}  // namespace stint
