#include "app/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

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

StopSignals::StopSignals(Loop& loop)
    : loop_(loop), descriptor_([] {
        const sigset_t set = stop_signals();
        return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
      }()) {}

Task<void> StopSignals::next() {
  signalfd_siginfo info;
  do co_await readable(loop_, descriptor_.get());
  while (read(descriptor_.get(), &info, sizeof info) != sizeof info);
}

}  // namespace stint
