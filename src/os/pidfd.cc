#include "os/pidfd.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>

#include "base/crash_point.h"
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
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) {
    crash_point("signalled", std::to_string(signal));
    return {};
  }
  if (errno == ESRCH) return {};
  return fail(errno_error("signal", errno));
}

namespace {

// A number of /proc/PID/stat, by its place as proc(5) counts them; from the third on.
Result<uint64_t> stat_field(pid_t pid, int wanted) {
  TRY(const std::string stat, read_file("/proc/" + std::to_string(pid) + "/stat", 4096));
  // The command, field 2, may hold spaces and parentheses: count from the last ')'.
  size_t at = stat.rfind(')');
  for (int field = 2; field < wanted && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  uint64_t number = 0;
  if (at == std::string::npos || std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), number).ec != std::errc()) {
    return fail(Reason::kInternalError, "process " + std::to_string(pid) + ": stat has an unknown form");
  }
  return number;
}

}  // namespace

Result<uint64_t> process_start_ticks(pid_t pid) { return stat_field(pid, 22); }

Result<pid_t> parent_of(pid_t pid) {
  TRY(const uint64_t parent, stat_field(pid, 4));
  return static_cast<pid_t>(parent);
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
