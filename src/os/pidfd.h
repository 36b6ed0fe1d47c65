// Processes watched by descriptor, so that a reused process id is never mistaken for the one meant; works for processes that are not
// children. Any thread, but exited() belongs to the loop thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/loop.h"
#include "base/result.h"
#include "os/descriptor.h"

namespace stint::os {

// kNotFound if there is no such process.
Result<Descriptor> open_pidfd(pid_t pid);
// Fine if it has ended.
Result<void> signal_pidfd(int pidfd, int signal);
// When the process began, in clock ticks since boot: with the pid it names one process for as long as the machine is up. kNotFound if gone.
Result<uint64_t> process_start_ticks(pid_t pid);
// kNotFound if there is no such process.
Result<pid_t> parent_of(pid_t pid);
// A descriptor for the process that had this pid and start time; kNotFound if that one is gone.
Result<Descriptor> open_pidfd(pid_t pid, uint64_t start_ticks);
// Completes when the process has ended. It may still be a zombie.
Task<void> exited(Loop& loop, int pidfd);

// Names this boot of the machine: what was started in another one is gone.
Result<std::string> boot_id();

}  // namespace stint::os
