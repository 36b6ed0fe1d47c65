#include "node/probes/probe_state.h"

namespace stint {
namespace {

// Until the first verdict: not ready, not to be killed, and nothing known about a slow start.
Health health_before(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kReadiness:
      return Health::kBad;
    case ProbeKind::kLiveness:
      return Health::kGood;
    case ProbeKind::kStartup:
      break;
  }
  return Health::kUnknown;
}

int at_least_one(int count, int otherwise) { return count > 0 ? count : otherwise; }

}  // namespace

std::string_view probe_name(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup:
      return "Startup";
    case ProbeKind::kLiveness:
      return "Liveness";
    case ProbeKind::kReadiness:
      break;
  }
  return "Readiness";
}

ProbeState::ProbeState(ProbeKind kind, const corev1::Probe& probe)
    : kind_(kind),
      successes_wanted_(at_least_one(probe.successthreshold(), 1)),
      failures_wanted_(at_least_one(probe.failurethreshold(), 3)),
      health_(health_before(kind)) {}

bool ProbeState::take(bool success) {
  if (held_) return false;
  run_ = run_ > 0 && last_ == success ? run_ + 1 : 1;
  last_ = success;
  if (run_ < (success ? successes_wanted_ : failures_wanted_)) return false;
  health_ = success ? Health::kGood : Health::kBad;
  held_ = kind_ == ProbeKind::kStartup || (kind_ == ProbeKind::kLiveness && !success);
  return true;
}

void ProbeState::assume(Health health) {
  health_ = health;
  held_ = kind_ == ProbeKind::kStartup && health != Health::kUnknown;
}

Duration probe_period(const corev1::Probe& probe) { return std::chrono::seconds(at_least_one(probe.periodseconds(), 10)); }
Duration probe_timeout(const corev1::Probe& probe) { return std::chrono::seconds(at_least_one(probe.timeoutseconds(), 1)); }

}  // namespace stint
