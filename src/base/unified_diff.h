// What two texts have other than each other, in the unified form of three lines of context and without file names. Which lines are taken
// as the same is decided as Python's difflib and its Go port do it, for upstream prints theirs. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace stint {

std::string unified_diff(std::string_view before, std::string_view after);

}  // namespace stint
