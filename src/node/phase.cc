#include "node/phase.h"

#include "api/core/pod_validation.h"
#include "node/container_record.h"
#include "node/restart_policy.h"

namespace stint {
namespace {

// Also what was killed so that all containers begin anew.
bool is_restarted(const corev1::Container& container, const corev1::PodSpec& spec, const corev1::ContainerStateTerminated& end) {
  return end.reason() == kRestartingAllContainers || should_restart(container, spec, end.exitcode());
}

struct Counts {
  int init_pending = 0;
  int init_failed_for_good = 0;
  int sidecars_pending = 0;
  int unknown = 0, running = 0, waiting = 0;
  int stopped = 0, stopped_for_good = 0, succeeded = 0;
};

// The end that counts: the present one, or the last one of a container waiting for its next attempt.
const corev1::ContainerStateTerminated* stopped_state(const corev1::ContainerStatus& status) {
  if (status.state().has_terminated()) return &status.state().terminated();
  if (status.state().has_waiting() && status.laststate().has_terminated()) return &status.laststate().terminated();
  return nullptr;
}

void count_init(const corev1::Container& container, const corev1::PodSpec& spec, const corev1::ContainerStatus* status, Counts& counts) {
  const auto* end = status != nullptr ? stopped_state(*status) : nullptr;
  if (end == nullptr) {
    ++counts.init_pending;
  } else if (end->exitcode() != 0 && !is_restarted(container, spec, *end)) {
    ++counts.init_failed_for_good;
  } else if (end->exitcode() != 0) {
    ++counts.init_pending;
  }
}

void count_sidecar(const corev1::ContainerStatus* status, Counts& counts) {
  if (status == nullptr) {
    ++counts.unknown;
  } else if (status->state().has_running()) {
    if (!status->started()) ++counts.sidecars_pending;
    ++counts.running;
  } else if (status->state().has_waiting() && !status->laststate().has_terminated()) {
    ++counts.sidecars_pending;
    ++counts.waiting;
  }
}

void count_regular(const corev1::Container& container, const corev1::PodSpec& spec, const corev1::ContainerStatus* status, Counts& counts) {
  if (status == nullptr) {
    ++counts.unknown;
  } else if (status->state().has_running()) {
    ++counts.running;
  } else if (const auto* end = stopped_state(*status)) {
    ++counts.stopped;
    if (!is_restarted(container, spec, *end)) ++counts.stopped_for_good;
    if (end->exitcode() == 0) ++counts.succeeded;
  } else {
    ++counts.waiting;
  }
}

}  // namespace

const corev1::Container* find_container(const corev1::PodSpec& spec, std::string_view name) {
  for (const auto& container : spec.containers())
    if (container.name() == name) return &container;
  for (const auto& container : spec.initcontainers())
    if (container.name() == name) return &container;
  return nullptr;
}

std::optional<corev1::Container> copy_container(const corev1::PodSpec& spec, std::string_view name) {
  if (const auto* found = find_container(spec, name)) return *found;
  for (const auto& container : spec.ephemeralcontainers())
    if (container.ephemeralcontainercommon().name() == name) return core::as_container(container);
  return std::nullopt;
}

const corev1::ContainerStatus* find_container_status(const corev1::PodStatus& status, std::string_view name) {
  for (const auto& entry : status.containerstatuses())
    if (entry.name() == name) return &entry;
  for (const auto& entry : status.initcontainerstatuses())
    if (entry.name() == name) return &entry;
  for (const auto& entry : status.ephemeralcontainerstatuses())
    if (entry.name() == name) return &entry;
  return nullptr;
}

bool any_regular_container_started(const corev1::PodSpec& spec, const corev1::PodStatus& status) {
  for (const auto& container : spec.containers()) {
    const auto* entry = find_container_status(status, container.name());
    if (entry == nullptr) continue;
    if (entry->state().has_running() || entry->state().has_terminated() || entry->laststate().has_terminated()) return true;
  }
  return false;
}

std::string_view compute_phase(const corev1::PodSpec& spec, const corev1::PodStatus& status, bool ending) {
  Counts n;
  for (const auto& container : spec.initcontainers()) {
    const auto* entry = find_container_status(status, container.name());
    if (is_sidecar(container)) {
      count_sidecar(entry, n);
    } else {
      count_init(container, spec, entry, n);
    }
  }
  for (const auto& container : spec.containers()) count_regular(container, spec, find_container_status(status, container.name()), n);

  const bool initialised_before = any_regular_container_started(spec, status);
  if (n.init_failed_for_good > 0) return "Failed";
  if (n.init_pending > 0 || (n.sidecars_pending > 0 && !initialised_before) || n.waiting > 0) return "Pending";
  if (n.running > 0 && n.unknown == 0) return "Running";
  if (n.running == 0 && n.stopped > 0 && n.unknown == 0) {
    if (!ending && n.stopped != n.stopped_for_good) return "Running";
    return n.stopped == n.succeeded ? "Succeeded" : "Failed";
  }
  return "Pending";
}

}  // namespace stint
