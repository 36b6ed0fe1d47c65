// A process that does nothing but keep a PID namespace alive, as its first process, and take in the orphans of the others: what a pod's
// containers need to see each other's processes. It outlives whoever started it, and ends by SIGKILL alone. It is this program's own
// binary, run anew with kProcessHolderVerb: no right, no file, and no memory of the server's is left in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/spawn.h"

namespace stint::os {

inline constexpr const char* kProcessHolderVerb = "hold-processes";

// The command that starts one in the control groups whose cgroup.procs are given; it returns 0 when the namespace is there.
Command process_holder_command(const std::vector<std::string>& procs_files);
// The one among the processes of those groups that is ready: the namespace is its own, and it has given up all else. Nothing: there is none,
// or it is still on its way there. Reads /proc.
std::optional<int> find_process_holder(const std::vector<int>& processes);
// What that command does. REQUIRES: called from main() of a process with one thread.
int hold_processes(int argc, char** argv);

}  // namespace stint::os
