#include "control/job/pod.h"

#include <algorithm>
#include <charconv>

#include "api/rfc3339.h"
#include "control/job/indexes.h"
#include "control/job/spec.h"

namespace stint::job {
namespace {

// Go's zero time means "not set"; in protobuf it is either the empty message or the year 1.
std::optional<WallTime> set_time(const metav1::Time& time) {
  if ((time.seconds() == 0 && time.nanos() == 0) || time.seconds() == kGoZeroSeconds) return std::nullopt;
  return from_time(time);
}

std::optional<int32_t> int_annotation(const corev1::Pod& pod, std::string_view key) {
  const auto& annotations = pod.metadata().annotations();
  const auto found = annotations.find(std::string(key));
  if (found == annotations.end()) return std::nullopt;
  const std::string& text = found->second;
  int32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

const corev1::PodCondition* ready_condition(const corev1::Pod& pod) {
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() == "Ready") return &condition;
  }
  return nullptr;
}

bool is_sidecar(const corev1::Pod& pod, const std::string& container) {
  return std::ranges::any_of(pod.spec().initcontainers(),
                             [&](const auto& init) { return init.name() == container && init.restartpolicy() == "Always"; });
}

// The latest end of the containers that `counts` picks; nothing as soon as one of them has none.
template <class Statuses, class Counts>
bool add_finish_times(const Statuses& statuses, Counts counts, std::optional<WallTime>& latest) {
  for (const auto& status : statuses) {
    if (!counts(status)) continue;
    const std::optional<WallTime> end = status.state().has_terminated() ? set_time(status.state().terminated().finishedat()) : std::nullopt;
    if (!end) return false;
    latest = latest ? std::max(*latest, *end) : *end;
  }
  return true;
}

// Sidecars end after the regular containers, so they count; other init containers ended long before.
std::optional<WallTime> containers_finish_time(const corev1::Pod& pod) {
  std::optional<WallTime> latest;
  const bool all = add_finish_times(
                       pod.status().containerstatuses(), [](const auto&) { return true; }, latest) &&
                   add_finish_times(pod.status().initcontainerstatuses(), [&](const auto& s) { return is_sidecar(pod, s.name()); }, latest);
  return all ? latest : std::nullopt;
}

int phase_rank(const corev1::Pod& pod) {
  const std::string& phase = pod.status().phase();
  return phase == "Running" ? 2 : phase == "Unknown" ? 1 : 0;
}

struct MaxRestarts {
  int32_t regular = 0;
  int32_t sidecar = 0;
  auto operator<=>(const MaxRestarts&) const = default;
};
MaxRestarts max_restarts(const corev1::Pod& pod) {
  MaxRestarts most;
  for (const auto& status : pod.status().containerstatuses()) most.regular = std::max(most.regular, status.restartcount());
  for (const auto& status : pod.status().initcontainerstatuses()) {
    if (is_sidecar(pod, status.name())) most.sidecar = std::max(most.sidecar, status.restartcount());
  }
  return most;
}

// Unknown times first, then the latest.
bool later_or_unknown(const std::optional<WallTime>& a, const std::optional<WallTime>& b) { return !a || !b ? !a && b : *a > *b; }

}  // namespace

bool has_tracking_finalizer(const corev1::Pod& pod) { return has_finalizer(pod, kTrackingFinalizer); }
bool is_succeeded(const corev1::Pod& pod) { return pod.status().phase() == "Succeeded"; }
bool is_finished(const corev1::Pod& pod) { return is_succeeded(pod) || pod.status().phase() == "Failed"; }
bool is_active(const corev1::Pod& pod) { return !is_finished(pod) && !is_deleting(pod); }
bool is_terminating(const corev1::Pod& pod) { return !is_finished(pod) && is_deleting(pod); }

bool is_ready(const corev1::Pod& pod) {
  const auto* ready = ready_condition(pod);
  return ready != nullptr && ready->status() == "True";
}

bool is_failed(const corev1::Pod& pod, const batchv1::Job& job) {
  if (pod.status().phase() == "Failed") return true;
  return !replaces_only_failed(job) && is_deleting(pod) && !is_succeeded(pod);
}

int completion_index(const corev1::Pod& pod) { return int_annotation(pod, kIndexKey).value_or(kNoIndex); }

bool has_valid_index(const corev1::Pod& pod, const batchv1::Job& job) {
  if (!is_indexed(job)) return true;
  const int index = completion_index(pod);
  return index != kNoIndex && index < job.spec().completions();
}

int32_t index_failures(const corev1::Pod& pod) { return int_annotation(pod, kFailureCountKey).value_or(0); }
int32_t index_ignored_failures(const corev1::Pod& pod) { return int_annotation(pod, kIgnoredFailureCountKey).value_or(0); }

WallTime finish_time(const corev1::Pod& pod) {
  if (const auto end = containers_finish_time(pod)) return *end;
  if (const auto* ready = ready_condition(pod); ready != nullptr && ready->status() == "False") {
    if (const auto changed = set_time(ready->lasttransitiontime())) return *changed;
  }
  const auto& metadata = pod.metadata();
  if (metadata.has_deletiontimestamp()) {
    return from_time(metadata.deletiontimestamp()) - span_of_seconds(metadata.deletiongraceperiodseconds());
  }
  return from_time(metadata.creationtimestamp());
}

int64_t restarts(const corev1::Pod& pod) {
  int64_t sum = 0;
  for (const auto& status : pod.status().initcontainerstatuses()) sum += status.restartcount();
  for (const auto& status : pod.status().containerstatuses()) sum += status.restartcount();
  return sum;
}

// Source: upstream's ActivePods ordering (pkg/controller/controller_utils.go).
bool goes_before(const corev1::Pod& a, const corev1::Pod& b) {
  if (a.spec().nodename().empty() != b.spec().nodename().empty()) return a.spec().nodename().empty();
  if (phase_rank(a) != phase_rank(b)) return phase_rank(a) < phase_rank(b);
  if (is_ready(a) != is_ready(b)) return is_ready(b);
  if (is_ready(a)) {
    const auto since_a = set_time(ready_condition(a)->lasttransitiontime()), since_b = set_time(ready_condition(b)->lasttransitiontime());
    if (since_a != since_b) return later_or_unknown(since_a, since_b);
  }
  if (const auto most_a = max_restarts(a), most_b = max_restarts(b); most_a != most_b) return most_a > most_b;
  return later_or_unknown(set_time(a.metadata().creationtimestamp()), set_time(b.metadata().creationtimestamp()));
}

}  // namespace stint::job
