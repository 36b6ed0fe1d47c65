// SIGTERM and SIGINT as something to wait for. Loop thread only.
#pragma once

#include "base/loop.h"
#include "os/descriptor.h"

namespace stint {

// REQUIRES: before any other thread exists. SIGPIPE is ignored too: a closed connection is an error value here.
void block_stop_signals();

// One descriptor for all that wait for them, so that each is told once. REQUIRES: after block_stop_signals().
class StopSignals {
 public:
  explicit StopSignals(Loop& loop);
  Task<void> next();  // returns when one came that no earlier call returned for

 private:
  Loop& loop_;
  const os::Descriptor descriptor_;
};

}  // namespace stint
