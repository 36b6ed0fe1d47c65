// The delay before a failed pod is replaced: 10 s, 20 s, 40 s … 600 s. Pure; any thread.
#pragma once

#include <optional>

#include "base/clock.h"
#include "control/job/pod.h"

namespace stint::job {

inline constexpr Duration kBackOffBase = std::chrono::seconds(10);
inline constexpr Duration kBackOffMax = std::chrono::seconds(600);

// Kept in memory for each Job: forgotten at a restart, as upstream forgets it.
struct BackOffRecord {
  int failures = 0;  // since the last success
  WallTime last_failure{};

  // After these pods ended too: a success starts anew, and only failures after the latest success count.
  BackOffRecord after(const Pods& succeeded, const Pods& failed) const;
  Duration remaining(WallTime now) const;
  bool operator==(const BackOffRecord&) const = default;
};

// With backoffLimitPerIndex: what is left for the index of this pod, the last that failed. From the pod alone, so it survives a restart.
Duration index_back_off_remaining(const corev1::Pod& failed_pod, WallTime now);

}  // namespace stint::job
