#include "app/signals.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "os/descriptor.h"

namespace stint {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

Task<void> stop_signal(Loop& loop) {
  const sigset_t set = stop_signals();
  const os::Descriptor descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  co_await readable(loop, descriptor.get());
}

}  // namespace stint
