// `stint simulate`: manifests through the real controllers in virtual time. One thread; a Job of days takes milliseconds.
#pragma once

#include <string>
#include <vector>

#include "app/simulate/report.h"
#include "base/result.h"
#include "cli/simulate_command.h"

namespace stint::simulate {

// Without a span the simulation stops when CronJobs have started so many Jobs.
inline constexpr size_t kScheduledJobsMax = 100;
inline constexpr Duration kSpan = std::chrono::hours(24 * 30);

struct Manifest {
  std::string name;  // of the file, for errors
  std::string text;
};

// The server's refusal of an object, after the name of its file, is the error.
Result<Report> simulate(const cli::SimulateCommand& command, const std::vector<Manifest>& manifests, WallTime start);

}  // namespace stint::simulate

namespace stint {

// The exit code: 0, or 2 with one line on standard error.
int run_simulate(const cli::SimulateCommand& command);

}  // namespace stint
