// What there is of this machine for us: all of it, or what the control group that we see as the root has been left. Blocking; any thread.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace stint::os {

// Processors that we may run on, and no more than a quota is worth, rounded up; at least one.
int64_t machine_processors();

struct MachineMemory {
  int64_t capacity_bytes = 0;
  int64_t working_set_bytes = 0;  // what cannot be taken back at once
};
Result<MachineMemory> machine_memory();
int64_t machine_memory_bytes();  // the capacity alone

}  // namespace stint::os
