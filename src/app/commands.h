// The commands beside `stint serve`. Each returns the exit code: 0, or 2 when what was asked failed; one line on standard error says why.
#pragma once

#include "cli/command_line.h"

namespace stint {

int run_keyvalue(const cli::KeyValueCommand& command);
int run_image(const cli::ImageCommand& command);

}  // namespace stint
