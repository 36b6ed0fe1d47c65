// Whether and when a container that ended is started again. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "api/types.h"
#include "base/clock.h"

namespace stint {

// An init container with restartPolicy Always: started once, runs beside the rest.
bool is_sidecar(const corev1::Container& init_container);

// The container's restart policy, else the pod's.
std::string_view policy_of(const corev1::Container& container, const corev1::PodSpec& spec);

// Container rules first, then the container's policy, then the pod's.
bool should_restart(const corev1::Container& container, const corev1::PodSpec& spec, int exit_code);

// An end with this code makes all containers of the pod begin anew.
bool restarts_all(const corev1::Container& container, int exit_code);
// Some container has a rule that may want that.
bool may_restart_all(const corev1::PodSpec& spec);

// Doubling waits, as upstream's flowcontrol.Backoff: the first event waits nothing, the next 10 s, 20 s … 300 s; forgotten when an event
// comes more than 600 s after the last one. Moments are those of a steady clock.
class BackOff {
 public:
  // When a start is due after an end at `event`; nothing when it is due at once.
  std::optional<Duration> due(Duration event) const;
  // A start was made for the end at `event`.
  void advance(Duration event, Duration now);
  Duration wait() const { return wait_; }

 private:
  bool forgotten(Duration event) const { return wait_ == Duration{0} || event - last_update_ > 2 * kWaitMax; }

  static constexpr Duration kWaitBase = std::chrono::seconds(10);
  static constexpr Duration kWaitMax = std::chrono::seconds(300);
  Duration wait_{0};  // 0: no entry
  Duration last_update_{0};
};

}  // namespace stint
