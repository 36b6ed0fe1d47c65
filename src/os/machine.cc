#include "os/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "os/cgroup.h"
#include "os/usage.h"

namespace stint::os {
namespace {

int64_t physical_memory() { return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE); }

// Of the root that we see, which in a container is a part of the machine's.
CgroupResources root_limits() {
  const auto tree = CgroupTree::detect();
  return tree ? tree->limits("") : CgroupResources{};
}

}  // namespace

int64_t machine_processors() {
  cpu_set_t set;
  int64_t processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (sched_getaffinity(0, sizeof set, &set) == 0) processors = std::min<int64_t>(processors, CPU_COUNT(&set));
  const int64_t quota_us = root_limits().cpu_quota_us;
  if (quota_us > 0) processors = std::min(processors, (quota_us + kCpuPeriodUs - 1) / kCpuPeriodUs);
  return std::max<int64_t>(1, processors);
}

int64_t machine_memory_bytes() {
  const int64_t limit = root_limits().memory_bytes_max;
  return limit > 0 ? std::min(limit, physical_memory()) : physical_memory();
}

Result<MachineMemory> machine_memory() {
  MachineMemory memory{.capacity_bytes = machine_memory_bytes()};
  if (memory.capacity_bytes < physical_memory()) {
    TRY(const CgroupTree tree, CgroupTree::detect());
    TRY(const Usage used, tree.usage(""));
    memory.working_set_bytes = used.memory_bytes;
  } else {
    TRY(const Usage used, machine_usage());
    memory.working_set_bytes = used.memory_bytes;
  }
  return memory;
}

}  // namespace stint::os
