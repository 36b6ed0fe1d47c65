// What a control group, or this machine as a whole, has used of the processors and holds of the memory. Blocking; any thread.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace stint::os {

struct Usage {
  Duration cpu_time{0};      // of all processors together, since the beginning
  int64_t memory_bytes = 0;  // the working set: what cannot be taken back at once
  // Of a control group alone:
  int64_t processes = 0;  // threads too
  Duration user_time{0}, system_time{0};
  int64_t periods = 0, throttled_periods = 0;  // of the quota
  Duration throttled_time{0};
  int64_t held_bytes = 0;  // caches included
  int64_t rss_bytes = 0, cache_bytes = 0, swap_bytes = 0;
  int64_t page_faults = 0, major_page_faults = 0;
  int64_t oom_kills = 0;
};

Result<Usage> machine_usage();
// Of /proc/stat and /proc/meminfo; the tick is that of user space, 100 a second.
Usage machine_usage_from(std::string_view stat, std::string_view meminfo);

}  // namespace stint::os
