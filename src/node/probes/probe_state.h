// What a probe's checks add up to: thresholds, and when no more checks are wanted. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "api/types.h"
#include "base/clock.h"

namespace stint {

enum class ProbeKind { kStartup, kLiveness, kReadiness };
std::string_view probe_name(ProbeKind kind);  // "Startup", as events begin

enum class Health { kUnknown, kGood, kBad };

// Of one attempt of a container. As upstream, a startup probe that came to a verdict and a liveness probe that failed are held until the
// next attempt.
class ProbeState {
 public:
  ProbeState(ProbeKind kind, const corev1::Probe& probe);

  // A check came out so. True: the health was decided anew, though it may be what it was.
  bool take(bool success);
  // Without a check: what was known before a restart of this process, or that nobody wants to know any more.
  void assume(Health health);
  Health health() const { return health_; }
  bool held() const { return held_; }

 private:
  const ProbeKind kind_;
  const int successes_wanted_, failures_wanted_;
  Health health_;
  bool held_ = false;
  bool last_ = false;
  int run_ = 0;  // checks in a row that came out as the last one
};

// Spans of a probe, with upstream's defaults where the API's did not fill them.
Duration probe_period(const corev1::Probe& probe);
Duration probe_timeout(const corev1::Probe& probe);

}  // namespace stint
