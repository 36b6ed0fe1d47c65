// SIGTERM and SIGINT as something to wait for. Loop thread only.
#pragma once

#include "base/loop.h"

namespace stint {

// REQUIRES: before any other thread exists. SIGPIPE is ignored too: a closed connection is an error value here.
void block_stop_signals();
// Returns when one of them came.
Task<void> stop_signal(Loop& loop);

}  // namespace stint
