// What the kernel knows of this process, under Prometheus' usual names: process_cpu_seconds_total, process_resident_memory_bytes, ….
// Loop thread only.
#pragma once

#include "base/metrics.h"

namespace stint {

// Read anew before each text(), as long as the handle lives.
[[nodiscard]] Metrics::Handle add_process_metrics(Metrics& metrics);

}  // namespace stint
