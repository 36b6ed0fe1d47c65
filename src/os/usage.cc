#include "os/usage.h"

#include <algorithm>
#include <charconv>

#include "os/file.h"

namespace stint::os {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr Duration kTick = std::chrono::milliseconds(10);

// The numbers of the line that starts with `key`.
std::vector<int64_t> numbers_of(std::string_view text, std::string_view key) {
  std::vector<int64_t> numbers;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(key)) continue;
    for (size_t from = line.find_first_of("0123456789", key.size()); from < line.size(); from = line.find_first_of("0123456789", from)) {
      int64_t number = 0;
      const auto read = std::from_chars(line.data() + from, line.data() + line.size(), number);
      numbers.push_back(number);
      from = static_cast<size_t>(read.ptr - line.data());
    }
    break;
  }
  return numbers;
}

int64_t kibibytes(std::string_view meminfo, std::string_view key) {
  const auto numbers = numbers_of(meminfo, key);
  return numbers.empty() ? 0 : numbers[0] * 1024;
}

}  // namespace

Usage machine_usage_from(std::string_view stat, std::string_view meminfo) {
  // user nice system idle iowait irq softirq steal; what guests use is in user already.
  const auto ticks = numbers_of(stat, "cpu ");
  Usage usage;
  for (const size_t busy : {0, 1, 2, 5, 6}) {
    if (busy < ticks.size()) usage.cpu_time += ticks[busy] * kTick;
  }
  usage.memory_bytes =
      std::max<int64_t>(0, kibibytes(meminfo, "MemTotal:") - kibibytes(meminfo, "MemFree:") - kibibytes(meminfo, "Inactive(file):"));
  return usage;
}

Result<Usage> machine_usage() {
  TRY(const std::string stat, read_file("/proc/stat", kFileBytesMax));
  TRY(const std::string meminfo, read_file("/proc/meminfo", kFileBytesMax));
  return machine_usage_from(stat, meminfo);
}

}  // namespace stint::os
