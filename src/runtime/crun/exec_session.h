// A command in a container, run by the OCI runtime's own `exec`: its streams are pipes or a terminal of ours. Loop thread only.
#pragma once

#include <memory>

#include "api/pod_exec.h"
#include "os/spawn.h"

namespace stint::crun {

// `exec`: the runtime's command up to the options. The process is the one of the container's OCI configuration, with another command.
Task<Result<std::unique_ptr<ExecSession>>> start_exec(Loop& loop, os::Command exec, std::string container_id, std::string config_path,
                                                      ExecOptions options);

}  // namespace stint::crun
