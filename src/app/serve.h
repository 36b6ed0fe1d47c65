// `stint serve`: everything wired together, from the data directory to the ready line. Runs until SIGTERM or SIGINT.
#pragma once

#include "cli/command_line.h"

namespace stint {

// The exit code: 0 after a signal, 2 when it could not start (one line on standard error says why).
int run_serve(const cli::ServeCommand& command);

}  // namespace stint
