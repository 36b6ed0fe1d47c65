#include "os/pidfd.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>

#include "os/file.h"

namespace stint::os {

Result<Descriptor> open_pidfd(pid_t pid) {
  const long fd = syscall(SYS_pidfd_open, pid, 0);
  if (fd >= 0) return Descriptor(static_cast<int>(fd));
  Error error = errno_error("open process " + std::to_string(pid), errno);
  if (errno == ESRCH || errno == EINVAL) error.reason = Reason::kNotFound;
  return fail(std::move(error));
}

Result<void> signal_pidfd(int pidfd, int signal) {
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0 || errno == ESRCH) return {};
  return fail(errno_error("signal", errno));
}

Result<uint64_t> process_start_ticks(pid_t pid) {
  TRY(const std::string stat, read_file("/proc/" + std::to_string(pid) + "/stat", 4096));
  // The command, field 2, may hold spaces and parentheses: count from the last ')'. The start time is field 22.
  size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  uint64_t ticks = 0;
  if (at == std::string::npos || std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), ticks).ec != std::errc()) {
    return fail(Reason::kInternalError, "process " + std::to_string(pid) + ": stat has an unknown form");
  }
  return ticks;
}

Result<Descriptor> open_pidfd(pid_t pid, uint64_t start_ticks) {
  TRY(Descriptor fd, open_pidfd(pid));
  // Read after opening: if the pid was reused before, the time differs; if after, the descriptor is the old one's.
  TRY(const uint64_t ticks, process_start_ticks(pid));
  if (ticks != start_ticks) return fail(Reason::kNotFound, "process " + std::to_string(pid) + " is another one now");
  return fd;
}

Task<void> exited(Loop& loop, int pidfd) { co_await readable(loop, pidfd); }

Result<std::string> boot_id() {
  TRY(std::string id, read_file("/proc/sys/kernel/random/boot_id", 64));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace stint::os
