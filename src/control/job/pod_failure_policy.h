// spec.podFailurePolicy: what the end of a failed pod means for its Job. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"

namespace stint::job {

enum class PodFailureAction { kNone, kFailJob, kFailIndex, kIgnore, kCount };

struct PodFailureMatch {
  PodFailureAction action = PodFailureAction::kNone;  // kNone: no rule matched, or there is no policy
  std::string message;                                // for kFailJob
  bool counts() const { return action != PodFailureAction::kIgnore; }
};

// The first rule that matches decides.
PodFailureMatch match_pod_failure(const batchv1::Job& job, const corev1::Pod& failed_pod);

}  // namespace stint::job
