// What a control group, or this machine as a whole, has used of the processors and holds of the memory. Blocking; any thread.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace stint::os {

struct Usage {
  Duration cpu_time{0};      // of all processors together, since the beginning
  int64_t memory_bytes = 0;  // the working set: what cannot be taken back at once
  int64_t processes = 0;     // threads too; of a control group alone
};

Result<Usage> machine_usage();
// Of /proc/stat and /proc/meminfo; the tick is that of user space, 100 a second.
Usage machine_usage_from(std::string_view stat, std::string_view meminfo);

}  // namespace stint::os
