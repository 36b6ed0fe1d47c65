// `stint cron` as a value. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace CLI {
class App;
}

namespace stint::cli {

struct CronCommand {
  enum class Verb { kNext, kCheck } verb = Verb::kNext;
  std::optional<WallTime> from;  // nothing: now
  bool as_json = false;
  // next
  std::string schedule, time_zone;
  int count = 5;
  // check
  std::vector<std::string> files;  // "-": standard input
  Duration span = std::chrono::days(30);
  std::optional<Duration> run_time;
};

void add_cron(CLI::App& app, CronCommand& options);

}  // namespace stint::cli
