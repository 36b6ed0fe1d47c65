// The Pod Security Standards: whether a pod keeps to a level, and what it does that it may not. Pure; any thread.
// Source: k8s.io/pod-security-admission/policy.
#pragma once

#include <string>
#include <vector>

#include "api/podsecurity/policy.h"

namespace stint::podsecurity {

struct Violation {
  std::string reason;  // "host namespaces"
  std::string detail;  // "hostNetwork=true"
};

// In the order of the table of checks; empty: allowed. `metadata` counts for its annotations.
std::vector<Violation> evaluate(const LevelVersion& asked, const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec);

// "reason (detail), reason (detail)": of one pod.
std::string details_of(const std::vector<Violation>& violations);
// "reason, reason": of many.
std::string reasons_of(const std::vector<Violation>& violations);

}  // namespace stint::podsecurity
