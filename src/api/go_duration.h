// Durations as Go writes them: "1h30m", "1.5h", "-90s". Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace stint {

// kInvalid, in the words of Go's time package.
Result<Duration> parse_go_duration(std::string_view text);

// As Go prints it: "1h30m0s", "1.5s", "250ms", "0s".
std::string go_duration_text(Duration duration);

}  // namespace stint
