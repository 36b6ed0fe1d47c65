// The list of container runtime drivers.
#pragma once

#include <memory>
#include <string_view>

#include "runtime/runtime.h"

namespace stint {

// "crun", "runc" or "fake". kNotFound, naming the known ones, for another name; what the machine lacks is told by the driver.
Result<std::unique_ptr<Runtime>> make_runtime(std::string_view name, Loop& loop, const RuntimeOptions& options);

}  // namespace stint
