// Real containers: crun (or runc) under conmon, a private overlay for each, pod namespaces from pod_network.h, limits in cgroups. conmon
// keeps the container, its log and its exit code while this process is away. Loop thread only.
#pragma once

#include <memory>

#include "runtime/runtime.h"

namespace stint {

// kNotFound, naming it, for what the machine lacks: the programs, control groups.
Result<std::unique_ptr<Runtime>> make_crun_runtime(Loop& loop, RuntimeOptions options);

}  // namespace stint
