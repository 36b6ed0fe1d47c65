// `stint simulate` as a value. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stint::cli {

// The exit codes of a container's starts, in order; the last one goes on for ever.
struct ExitCodes {
  std::optional<int> index;  // of an Indexed Job; nothing: any
  std::string container;     // "": any but init containers
  std::vector<int> codes;
};

struct SimulateCommand {
  enum class Output { kTable, kJson, kSvg };
  std::vector<std::string> files;     // "-": standard input
  std::vector<ExitCodes> exit_codes;  // of those that fit, the one that says most counts, the last of several
  Duration run_time = std::chrono::seconds(1);
  std::optional<Duration> span;   // how far to go; nothing: a month, or a hundred runs of CronJobs
  std::optional<WallTime> start;  // nothing: now
  Output output = Output::kTable;
  int failing_pulls = 0;
  std::optional<Duration> node_lost_at;
  uint64_t seed = 1;
};

// "1,1,0", "index:3=1,0", "container:main=0", "index:3/container:main=1". kBadRequest with the reason, as for the next.
Result<ExitCodes> parse_exit_codes(std::string_view text);
// As Go writes durations, and with days: "30s", "1h30m", "30d", "1d12h". Not negative, at most ten years.
Result<Duration> parse_span(std::string_view text);

}  // namespace stint::cli
