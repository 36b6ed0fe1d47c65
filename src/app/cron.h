// `stint cron`: what schedules will do, told from their text alone.
#pragma once

#include <iosfwd>

#include "cli/cron_command.h"

namespace stint {

// The exit code: 0, or 1 where there is something to warn of, or 2 for what cannot be read, with a line about it on `err`.
int run_cron(const cli::CronCommand& command, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace stint
