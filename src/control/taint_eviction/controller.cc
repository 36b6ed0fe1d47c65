#include "control/taint_eviction/controller.h"

#include <algorithm>

#include "api/object.h"
#include "base/log.h"
#include "control/taint_eviction/plan.h"

namespace stint::taint_eviction {
namespace {

bool has_ended(const corev1::Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

void mark_disrupted(corev1::Pod& pod, WallTime now) {
  auto& conditions = *pod.mutable_status()->mutable_conditions();
  auto found = std::ranges::find(conditions, "DisruptionTarget", &corev1::PodCondition::type);
  corev1::PodCondition& condition = found != conditions.end() ? *found : *conditions.Add();
  if (condition.status() != "True") *condition.mutable_lasttransitiontime() = to_time(now);
  condition.set_type("DisruptionTarget");
  condition.set_status("True");
  condition.set_reason("DeletionByTaintManager");
  condition.set_message("Taint manager: deleting due to NoExecute taint");
  condition.set_observedgeneration(pod.metadata().generation());
}

}  // namespace

TaintEvictionController::TaintEvictionController(ControllerContext& context)
    : context_(context),
      pods_(context.informers.of<corev1::Pod>()),
      nodes_(context.informers.of<corev1::Node>()),
      recorder_(context.loop, context.client, "taint-eviction-controller"),
      deletions_(context.metrics
                     .counters("taint_eviction_controller_pod_deletions_total",
                               "Total number of Pods deleted by TaintEvictionController since its start.")
                     .with({})),
      lateness_(context.metrics
                    .histograms("taint_eviction_controller_pod_deletion_duration_seconds",
                                "Latency, in seconds, between the time when a taint effect has been activated for the Pod and its deletion "
                                "via TaintEvictionController.",
                                {0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240})
                    .with({})),
      queue_(
          context.loop, "taint-eviction", {}, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(context.loop) {
  pods_.add_handler([this](const Object& old, const Object& next) { pod_changed(old, next); });
  nodes_.add_handler([this](const Object& old, const Object& next) { node_changed(old, next); });
}

void TaintEvictionController::start() { scope_.spawn(run()); }

Task<void> TaintEvictionController::run() {
  co_await wait_synced({&pods_, &nodes_});
  queue_.start();
}

void TaintEvictionController::pod_changed(const Object& old, const Object& next) {
  const std::string key = object_key(next ? *next : *old);
  if (old) {
    const auto& before = static_cast<const corev1::Pod&>(*old).spec();
    if (auto found = on_node_.find(before.nodename()); 
        found != on_node_.end() && (!next || static_cast<const corev1::Pod&>(*next).spec().nodename() != before.nodename())) {
      found->second.erase(key);
      if (found->second.empty()) on_node_.erase(found);
    }
  }
  if (next) {
    const auto& pod = static_cast<const corev1::Pod&>(*next);
    if (pod.spec().nodename().empty()) return;
    on_node_[pod.spec().nodename()].insert(key);
    const auto node = as<corev1::Node>(nodes_.get("", pod.spec().nodename()));
    if (!tolerated_.contains(key) && (node == nullptr || !evicts(node->spec()))) return;
  } else if (!tolerated_.contains(key)) {
    return;
  }
  queue_.add(key);
}

void TaintEvictionController::node_changed(const Object& old, const Object& next) {
  const auto taints = [](const Object& object) { return object ? evicts(static_cast<const corev1::Node&>(*object).spec()) : false; };
  if (!taints(old) && !taints(next)) return;  // most changes are heartbeats
  const auto found = on_node_.find(meta(next ? *next : *old).name());
  if (found == on_node_.end()) return;
  for (const std::string& key : found->second) queue_.add(key);
}

void TaintEvictionController::cancel(const std::string& key, const corev1::Pod* pod) {
  if (tolerated_.erase(key) == 0) return;
  queue_.forget(key);
  if (pod == nullptr) return;
  recorder_.normal(*pod, "TaintManagerEviction", "Cancelling deletion of Pod " + key);
}

Task<Result<std::optional<Duration>>> TaintEvictionController::sync(std::string key) {
  const size_t slash = key.find('/');
  const auto pod = as<corev1::Pod>(pods_.get(key.substr(0, slash), key.substr(slash + 1)));
  if (pod == nullptr || is_deleting(*pod) || has_ended(*pod)) {
    cancel(key, nullptr);
    co_return std::nullopt;
  }
  const auto node = as<corev1::Node>(nodes_.get("", pod->spec().nodename()));
  const auto left = node != nullptr ? time_left(pod->spec(), node->spec()) : std::nullopt;
  if (!left) {
    cancel(key, pod.get());
    co_return std::nullopt;
  }
  const Duration now = context_.loop.steady_now();
  Tolerated& tolerated = tolerated_.try_emplace(key, Tolerated{pod->metadata().uid(), now}).first->second;
  if (tolerated.uid != pod->metadata().uid()) tolerated = {pod->metadata().uid(), now};
  const Duration due = tolerated.since + *left;
  if (due > now) co_return due - now;
  CO_TRY_VOID(co_await evict(pod));
  lateness_.observe(std::chrono::duration<double>(context_.loop.steady_now() - due).count());
  tolerated_.erase(key);
  co_return std::nullopt;
}

Task<Result<void>> TaintEvictionController::evict(std::shared_ptr<const corev1::Pod> pod) {
  const auto& metadata = pod->metadata();
  log_info("pod does not tolerate its node's taints", "pod", object_key(*pod), "node", pod->spec().nodename());
  recorder_.normal(*pod, "TaintManagerEviction", "Marking for deletion Pod " + object_key(*pod));
  auto fresh = co_await get<corev1::Pod>(context_.client, metadata.namespace_(), metadata.name());
  if (!fresh && fresh.error().reason == Reason::kNotFound) co_return Result<void>{};
  if (!fresh) co_return fail(std::move(fresh).error());
  if ((*fresh)->metadata().uid() != metadata.uid()) co_return Result<void>{};
  corev1::Pod next = **fresh;
  mark_disrupted(next, context_.loop.now());
  CO_TRY_VOID(co_await update(context_.client, std::move(next), "status"));
  auto removed = co_await context_.client.remove(kind_of<corev1::Pod>(), metadata.namespace_(), metadata.name(), {.uid = metadata.uid()});
  if (!removed && removed.error().reason != Reason::kNotFound && removed.error().reason != Reason::kConflict)
    co_return fail(std::move(removed).error());
  deletions_.add();
  co_return Result<void>{};
}

}  // namespace stint::taint_eviction
