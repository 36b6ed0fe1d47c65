#include "base/crash_point.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>

namespace stint {
namespace {

struct Plan {
  const char* trace = std::getenv("STINT_CRASH_TRACE");
  const long at = [] {
    const char* text = std::getenv("STINT_CRASH_AT");
    return text == nullptr ? 0 : std::atol(text);
  }();
  std::mutex mutex;
  long passed = 0;
};

Plan& plan() {
  static Plan* one = new Plan;  // never destroyed: threads may still pass when the process ends
  return *one;
}

}  // namespace

void crash_point(std::string_view change, std::string_view object) {
  Plan& plan = stint::plan();
  if (plan.trace == nullptr) return;
  const std::lock_guard lock(plan.mutex);
  const int trace = open(plan.trace, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (trace < 0) return;
  const std::string line = std::string(change) + " " + std::string(object) + "\n";
  if (write(trace, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ++plan.passed == plan.at) kill(getpid(), SIGKILL);
  close(trace);
}

}  // namespace stint
