#include "server/deletion_plan.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace stint {

namespace {

std::unique_ptr<Message> copy_of(const Message& object) {
  std::unique_ptr<Message> copy(object.New());
  copy->CopyFrom(object);
  return copy;
}

// What happens to dependents: the request's choice, else what an earlier delete left, else the kind's default.
Propagation chosen_propagation(const Kind& kind, const Message& object, const DeleteRequest& request) {
  if (request.propagation) return *request.propagation;
  if (has_finalizer(object, kOrphanFinalizer)) return Propagation::kOrphan;
  if (has_finalizer(object, kForegroundFinalizer)) return Propagation::kForeground;
  return kind.default_propagation;
}

// The garbage collector learns the policy from finalizers.
void set_policy_finalizer(const Kind& kind, Message& next, const DeleteRequest& request) {
  if (kind.default_propagation == Propagation::kUnsupported) return;
  const Propagation policy = chosen_propagation(kind, next, request);
  const auto ensure = [&next](std::string_view finalizer, bool wanted) {
    if (has_finalizer(next, finalizer) == wanted) return;
    if (wanted) {
      mutable_meta(next).add_finalizers(std::string(finalizer));
    } else {
      remove_finalizer(next, finalizer);
    }
  };
  ensure(kOrphanFinalizer, policy == Propagation::kOrphan);
  ensure(kForegroundFinalizer, policy == Propagation::kForeground);
}

void raise_generation(metav1::ObjectMeta& meta) {
  if (meta.generation() > 0) meta.set_generation(meta.generation() + 1);
}

// Deletion without grace that must wait for finalizers.
void mark_deleting(Message& next, WallTime now) {
  metav1::ObjectMeta& meta = mutable_meta(next);
  if (!meta.has_deletiongraceperiodseconds()) raise_generation(meta);
  if (!meta.has_deletiontimestamp() || from_time(meta.deletiontimestamp()) > now) *meta.mutable_deletiontimestamp() = to_time(now);
  meta.set_deletiongraceperiodseconds(0);
}

// A pod that runs nowhere, or has ended, needs no time to stop.
int64_t pod_grace(const corev1::Pod& pod, std::optional<int64_t> asked) {
  if (pod.spec().nodename().empty() || pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed") return 0;
  const int64_t seconds = asked ? *asked : pod.spec().terminationgraceperiodseconds();
  return seconds < 0 ? 1 : seconds;
}

enum class Grace { kPending, kRunning, kOver };

// Starts the grace period, or shortens one that runs; kPending: it runs on as it is.
Grace apply_grace(corev1::Pod& pod, std::optional<int64_t> asked, WallTime now) {
  metav1::ObjectMeta& meta = *pod.mutable_metadata();
  if (meta.has_deletiontimestamp() && !meta.has_deletiongraceperiodseconds()) return Grace::kOver;
  if (asked && *asked < 0) asked = 1;
  int64_t seconds = 0;
  if (meta.has_deletiontimestamp()) {
    const int64_t present = meta.deletiongraceperiodseconds();
    if (!asked || *asked >= present) return Grace::kPending;
    seconds = *asked;
    *meta.mutable_deletiontimestamp() = to_time(from_time(meta.deletiontimestamp()) + span_of_seconds(seconds - present));
  } else {
    seconds = pod_grace(pod, asked);
    *meta.mutable_deletiontimestamp() = to_time(now + span_of_seconds(seconds));
    raise_generation(meta);
  }
  meta.set_deletiongraceperiodseconds(seconds);
  return seconds > 0 ? Grace::kRunning : Grace::kOver;
}

DeletionPlan plan_namespace_start(const Message& object, const DeleteRequest& request, WallTime now) {
  auto next = copy_of(object);
  auto& ns = static_cast<corev1::Namespace&>(*next);
  *ns.mutable_metadata()->mutable_deletiontimestamp() = to_time(now);
  ns.mutable_status()->set_phase("Terminating");
  set_policy_finalizer(kind_of<corev1::Namespace>(), ns, request);
  return {.action = DeletionPlan::Action::kMark, .next = std::move(next)};
}

}  // namespace

DeletionPlan plan_deletion(const Kind& kind, const Message& object, const DeleteRequest& request, WallTime now) {
  using Action = DeletionPlan::Action;
  if (object.GetDescriptor() == corev1::Namespace::descriptor()) {
    if (!is_deleting(object)) return plan_namespace_start(object, request, now);
    // Its content goes first; then the controller empties the list.
    if (!static_cast<const corev1::Namespace&>(object).spec().finalizers().empty()) return {};
  }
  auto next = copy_of(object);
  Grace grace = Grace::kOver;
  if (kind.has_grace) {
    grace = apply_grace(static_cast<corev1::Pod&>(*next), request.grace_period_seconds, now);
    if (grace == Grace::kPending) return {};
  }
  set_policy_finalizer(kind, *next, request);
  const bool waits_for_finalizers = !meta(*next).finalizers().empty();
  if (!kind.has_grace && waits_for_finalizers) mark_deleting(*next, now);
  if (grace == Grace::kRunning || waits_for_finalizers) return {.action = Action::kMark, .next = std::move(next)};
  if (!kind.has_grace) next = nullptr;
  return {.action = Action::kRemove, .next = std::move(next)};
}

}  // namespace stint
