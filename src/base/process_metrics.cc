#include "base/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace stint {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Memory {
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

// Zeros where /proc is not mounted, as everywhere here.
Memory memory() {
  std::ifstream statm("/proc/self/statm");
  double size_pages = 0, resident_pages = 0;
  statm >> size_pages >> resident_pages;
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  return {size_pages * page_bytes, resident_pages * page_bytes};
}

double open_descriptors() {
  std::error_code problem;
  double count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", problem); !problem && it != std::filesystem::directory_iterator();
       it.increment(problem)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // less the one that reads the directory
}

double descriptors_max() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

// Seconds since the epoch: when the machine started, and how many ticks later this process did.
double start_seconds() {
  double booted = 0;
  std::ifstream machine("/proc/stat");
  for (std::string line; std::getline(machine, line);) {
    if (line.starts_with("btime ")) booted = std::atof(line.c_str() + 6);
  }
  std::ifstream stat("/proc/self/stat");
  std::string text;
  std::getline(stat, text);
  // The second field is the program's name, which may hold anything; the start is the 22nd.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) fields >> field;
  return booted + std::atof(field.c_str()) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

Metrics::Handle add_process_metrics(Metrics& metrics) {
  Counter& cpu = metrics.counters("process_cpu_seconds_total", "User and system time this process has used.").with({});
  Gauge& resident = metrics.gauges("process_resident_memory_bytes", "Memory of this process that is in RAM.").with({});
  Gauge& all = metrics.gauges("process_virtual_memory_bytes", "Address space of this process.").with({});
  Gauge& open = metrics.gauges("process_open_fds", "Descriptors that this process has open.").with({});
  metrics.gauges("process_max_fds", "Descriptors that this process may have open.").with({}).set(descriptors_max());
  metrics.gauges("process_start_time_seconds", "When this process started, in seconds since 1970.").with({}).set(start_seconds());
  return metrics.before_text([&cpu, &resident, &all, &open] {
    cpu.raise_to(cpu_seconds());
    const Memory now = memory();
    resident.set(now.resident_bytes);
    all.set(now.virtual_bytes);
    open.set(open_descriptors());
  });
}

}  // namespace stint
