#include "sched/scheduler.h"

#include "api/object.h"
#include "base/log.h"

namespace stint {
namespace {

constexpr size_t kBindingsAtOnce = 128;
constexpr Duration kRetry = std::chrono::seconds(1);

// What the plan reads of a node.
bool same_for_planning(const corev1::Node& a, const corev1::Node& b) {
  return a.spec().SerializeAsString() == b.spec().SerializeAsString() &&
         resource_amounts(a.status().allocatable()) == resource_amounts(b.status().allocatable()) &&
         std::map(a.metadata().labels().begin(), a.metadata().labels().end()) ==
             std::map(b.metadata().labels().begin(), b.metadata().labels().end());
}

json::Value status_patch(const corev1::Pod& pod, json::Members condition, json::Members status = {}) {
  condition["observedGeneration"] = static_cast<int64_t>(pod.metadata().generation());
  condition["lastProbeTime"] = nullptr;
  status["conditions"] = json::Array{std::move(condition)};
  return json::Members{{"metadata", json::Members{{"uid", pod.metadata().uid()}}}, {"status", std::move(status)}};
}

json::Value unschedulable_status(const Unschedulable& unschedulable, WallTime now) {
  const corev1::Pod& pod = *unschedulable.pod;
  const corev1::PodCondition* before = nullptr;
  for (const auto& condition : pod.status().conditions())
    if (condition.type() == "PodScheduled" && condition.status() == "False") before = &condition;
  json::Members condition;
  condition["type"] = "PodScheduled";
  condition["status"] = "False";
  condition["reason"] = "Unschedulable";
  condition["message"] = unschedulable.message;
  condition["lastTransitionTime"] = format_rfc3339(before != nullptr ? from_time(before->lasttransitiontime()) : now);
  json::Members status;
  if (!unschedulable.nominated.empty()) {
    status["nominatedNodeName"] = unschedulable.nominated;
  } else if (!pod.status().nominatednodename().empty()) {
    status["nominatedNodeName"] = nullptr;
  }
  return status_patch(pod, std::move(condition), std::move(status));
}

json::Value disruption_condition(const corev1::Pod& victim, WallTime now) {
  json::Members condition;
  condition["type"] = "DisruptionTarget";
  condition["status"] = "True";
  condition["reason"] = "PreemptionByScheduler";
  condition["message"] = std::string(kSchedulerName) + ": preempting to accommodate a higher priority pod";
  condition["lastTransitionTime"] = format_rfc3339(now);
  return status_patch(victim, std::move(condition));
}

}  // namespace

Scheduler::Scheduler(Loop& loop, Client& client)
    : loop_(loop),
      client_(client),
      recorder_(loop, client, std::string(kSchedulerName)),
      pods_(loop, client, kind_of<corev1::Pod>()),
      nodes_(loop, client, kind_of<corev1::Node>()),
      budgets_(loop, client, kind_of<policyv1::PodDisruptionBudget>()),
      claims_(loop, client, kind_of<corev1::PersistentVolumeClaim>()),
      volumes_(loop, client, kind_of<corev1::PersistentVolume>()),
      classes_(loop, client, kind_of<storagev1::StorageClass>()),
      wake_(loop),
      claims_changed_(loop),
      scope_(loop) {}

Scheduler::~Scheduler() {
  if (retry_timer_ != 0) loop_.cancel_timer(retry_timer_);
}

void Scheduler::start() {
  pods_.add_handler([this](const Object& old, const Object& next) { pod_changed(old, next); });
  nodes_.add_handler([this](const Object& old, const Object& next) { node_changed(old, next); });
  claims_.add_handler([this](const Object&, const Object&) {
    claims_changed_.set();
    wake_.set();
  });
  for (Informer* informer : {&volumes_, &classes_}) informer->add_handler([this](const Object&, const Object&) { wake_.set(); });
  for (Informer* informer : {&pods_, &nodes_, &budgets_, &claims_, &volumes_, &classes_}) informer->start();
  scope_.spawn(run());
}

void Scheduler::pod_changed(const Object& old, const Object& next) {
  const auto pod = as<corev1::Pod>(next ? next : old);
  const std::string& uid = pod->metadata().uid();
  if (!next || !pod->spec().nodename().empty()) reported_.erase(uid);
  if (!next) {
    pushed_off_.erase(uid);
    cache_.remove_pod(uid);
  } else {
    cache_.set_pod(pod);
  }
  if (!next || is_deleting(*pod)) claims_changed_.set();  // nobody waits for its claims any more
  const bool left = old && weighs_on_node(static_cast<const corev1::Pod&>(*old)) && (!next || !weighs_on_node(*pod));
  if (left || (next && wants_scheduling(*pod) && !cache_.is_assumed(uid))) wake_.set();
}

void Scheduler::node_changed(const Object& old, const Object& next) {
  if (next) {
    cache_.set_node(as<corev1::Node>(next));
  } else {
    cache_.remove_node(meta(*old).name());
  }
  if (old && next && same_for_planning(static_cast<const corev1::Node&>(*old), static_cast<const corev1::Node&>(*next))) return;
  wake_.set();
}

Task<void> Scheduler::run() {
  co_await pods_.synced_event().wait();
  co_await nodes_.synced_event().wait();
  for (Informer* informer : {&budgets_, &claims_, &volumes_, &classes_}) co_await informer->synced_event().wait();
  while (true) {
    co_await wake_.wait();
    wake_.reset();
    std::vector<BudgetPointer> budgets;
    for (const auto& object : budgets_.list()) budgets.push_back(as<policyv1::PodDisruptionBudget>(object));
    SchedulePlan plan = plan_schedule(cache_.loads(), cache_.bound(), cache_.waiting(), budgets, storage());
    for (size_t i = 0; i < plan.bindings.size(); i += kBindingsAtOnce) {
      std::vector<Task<void>> batch;
      for (size_t j = i; j < std::min(plan.bindings.size(), i + kBindingsAtOnce); ++j) batch.push_back(bind(std::move(plan.bindings[j])));
      co_await when_all(loop_, std::move(batch));
    }
    for (auto& preemption : plan.preemptions) co_await preempt(std::move(preemption));
    for (auto& pod : plan.unschedulable) co_await report(std::move(pod));
  }
}

Task<void> Scheduler::bind(Binding binding) {
  const auto& metadata = binding.pod->metadata();
  cache_.assume(metadata.uid(), binding.node);
  if (!binding.claims.empty()) {
    scope_.spawn(bind_claims(std::move(binding)));
    co_return;
  }
  auto bound = co_await client_.bind_pod(metadata.namespace_(), metadata.name(), metadata.uid(), binding.node);
  if (bound) {
    recorder_.normal(*binding.pod, "Scheduled",
                     "Successfully assigned " + metadata.namespace_() + "/" + metadata.name() + " to " + binding.node);
    co_return;
  }
  cache_.forget(metadata.uid());
  // Deleted or changed meanwhile: the informer tells what to do.
  if (bound.error().reason == Reason::kNotFound || bound.error().reason == Reason::kConflict) co_return;
  log_warning("pod not bound", "pod", metadata.name(), "namespace", metadata.namespace_(), "error", bound.error().message);
  try_again_soon();
}

void Scheduler::try_again_soon() {
  if (retry_timer_ != 0) return;
  retry_timer_ = loop_.call_after(kRetry, [this] {
    retry_timer_ = 0;
    wake_.set();
  });
}

Task<void> Scheduler::preempt(Preemption preemption) {
  std::vector<Task<void>> together;
  for (const auto& victim : preemption.victims) {
    if (!is_deleting(*victim) && pushed_off_.insert(victim->metadata().uid()).second) together.push_back(push_off(victim, preemption));
  }
  co_await when_all(loop_, std::move(together));
}

Task<void> Scheduler::push_off(PodPointer victim, const Preemption& preemption) {
  const auto& metadata = victim->metadata();
  const auto told = co_await client_.patch(kind_of<corev1::Pod>(), metadata.namespace_(), metadata.name(), PatchType::kStrategic,
                                           disruption_condition(*victim, loop_.now()), "status");
  Result<void> gone;
  if (told) {
    const auto removed = co_await client_.remove(kind_of<corev1::Pod>(), metadata.namespace_(), metadata.name(), {.uid = metadata.uid()});
    if (!removed) gone = fail(removed.error());
  } else {
    gone = fail(told.error());
  }
  if (gone) {
    recorder_.normal(*victim, "Preempted", "Preempted by pod " + preemption.pod->metadata().uid() + " on node " + preemption.node);
    co_return;
  }
  pushed_off_.erase(metadata.uid());
  if (gone.error().reason == Reason::kNotFound || gone.error().reason == Reason::kConflict) co_return;
  log_warning("pod not preempted", "pod", object_key(*victim), "error", gone.error().message);
  try_again_soon();
}

Task<void> Scheduler::report(Unschedulable pod) {
  const auto& metadata = pod.pod->metadata();
  std::string& said = reported_[metadata.uid()];
  if (said == pod.message && pod.nominated == pod.pod->status().nominatednodename()) co_return;
  if (said != pod.message) recorder_.warning(*pod.pod, "FailedScheduling", pod.message);
  said = pod.message;
  auto patched = co_await client_.patch(kind_of<corev1::Pod>(), metadata.namespace_(), metadata.name(), PatchType::kStrategic,
                                        unschedulable_status(pod, loop_.now()), "status");
  if (!patched && patched.error().reason != Reason::kNotFound && patched.error().reason != Reason::kConflict) {
    reported_.erase(metadata.uid());
    log_warning("pod condition not stored", "pod", metadata.name(), "namespace", metadata.namespace_(), "error", patched.error().message);
  }
}

}  // namespace stint
