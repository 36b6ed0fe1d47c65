#include "node/machine_signals.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>

#include "os/file.h"
#include "os/machine.h"

namespace stint {
namespace {

constexpr size_t kFileBytesMax = 4096;

int64_t number_in(const std::string& path) {
  int64_t value = 0;
  const std::string text = os::read_file(path, kFileBytesMax).value_or("");
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "0.00 0.01 0.05 1/123 4567": of the fourth word the second half.
int64_t threads_that_are() {
  const std::string text = os::read_file("/proc/loadavg", kFileBytesMax).value_or("");
  const size_t slash = text.find('/');
  int64_t value = 0;
  if (slash != std::string::npos) std::from_chars(text.data() + slash + 1, text.data() + text.size(), value);
  return value;
}

void observe_files(const std::string& dir, std::string_view available, std::string_view inodes, Observations& seen) {
  struct statvfs info{};
  if (dir.empty() || statvfs(dir.c_str(), &info) != 0) return;
  const auto block = static_cast<int64_t>(info.f_frsize);
  seen[std::string(available)] = {static_cast<int64_t>(info.f_bavail) * block, static_cast<int64_t>(info.f_blocks) * block};
  // Some file systems have no fixed number of them.
  if (info.f_files > 0) seen[std::string(inodes)] = {static_cast<int64_t>(info.f_favail), static_cast<int64_t>(info.f_files)};
}

}  // namespace

Observations observe_machine(const std::string& data_dir, const std::string& image_dir) {
  Observations seen;
  if (const auto memory = os::machine_memory())
    seen[std::string(signal::kMemoryAvailable)] = {memory->capacity_bytes - memory->working_set_bytes, memory->capacity_bytes};
  observe_files(data_dir, signal::kNodefsAvailable, signal::kNodefsInodesFree, seen);
  observe_files(image_dir, signal::kImagefsAvailable, signal::kImagefsInodesFree, seen);
  const int64_t pids = std::min(number_in("/proc/sys/kernel/pid_max"), number_in("/proc/sys/kernel/threads-max"));
  if (pids > 0) seen[std::string(signal::kPidAvailable)] = {pids - threads_that_are(), pids};
  return seen;
}

}  // namespace stint
