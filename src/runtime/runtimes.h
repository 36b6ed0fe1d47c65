// The list of container runtime drivers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/runtime.h"

namespace stint {

// In the order of the list, the usual one first.
std::vector<std::string> runtime_names();
// kNotFound, naming the known ones, for another name; what the machine lacks is told by the driver.
Result<std::unique_ptr<Runtime>> make_runtime(std::string_view name, Loop& loop, const RuntimeOptions& options);

}  // namespace stint
