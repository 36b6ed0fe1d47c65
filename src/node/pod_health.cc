// What goes on beside a running container: its postStart hook, then its probes, and its end if one of them wants that.
#include <algorithm>

#include "api/object.h"
#include "base/log.h"
#include "node/phase.h"
#include "node/pod_worker.h"

namespace stint {

std::string PodWorker::field_path_of(const std::string& name) const {
  const auto& init = pod_->spec().initcontainers();
  const bool is_init = std::ranges::any_of(init, [&](const auto& container) { return container.name() == name; });
  if (is_init) return "spec.initContainers{" + name + "}";
  return (find_container(pod_->spec(), name) != nullptr ? "spec.containers{" : "spec.ephemeralContainers{") + name + "}";
}

CheckedContainerPtr PodWorker::to_check(const ContainerRef& container) const {
  auto checked = std::make_shared<CheckedContainer>();
  const ContainerInstance& instance = *record_.find(container.spec->name())->current;
  checked->pod = pod_;
  checked->spec = *container.spec;
  checked->id = instance.id;
  checked->field_path = container.field_path;
  checked->address = pod_->spec().hostnetwork() ? node_.identity.host_ip : record_.pod_ip;
  checked->started_at = instance.started_at;
  return checked;
}

// Those that an earlier life of this process started: their hooks are through, and what was published of them stands.
void PodWorker::watch_over_found() {
  for (const auto& [name, record] : record_.containers) {
    const auto* spec = find_container(pod_->spec(), name);
    const auto* published = find_container_status(pod_->status(), name);
    const bool has_ended = std::ranges::any_of(exits_, [&](const auto& exit) { return exit.name == name; });
    if (!record.running() || spec == nullptr || has_ended) continue;
    ContainerProbes::Published before;
    if (published != nullptr && published->containerid().ends_with("//" + record.current->id))
      before = {.started = published->started(), .ready = published->ready()};
    start_probes(to_check({spec, field_path_of(name)}), before);
  }
}

void PodWorker::watch_over(const CheckedContainerPtr& container) {
  ContainerRecord& record = record_.containers[container->spec.name()];
  record.starting = container->spec.lifecycle().has_poststart();
  if (record.starting) {
    beside_.spawn(run_post_start(container));
  } else {
    start_probes(container, std::nullopt);
  }
}

void PodWorker::start_probes(const CheckedContainerPtr& container, std::optional<ContainerProbes::Published> before) {
  const std::string& name = container->spec.name();
  const bool has_probes = container->spec.has_startupprobe() || container->spec.has_livenessprobe() || container->spec.has_readinessprobe();
  if (has_probes) {
    probes_[name] = std::make_unique<ContainerProbes>(node_.loop, node_.checks, node_.runtime, node_.recorder, container, before,
                                                      [this, name] { take_health(name); });
  }
  take_health(name);
}

void PodWorker::take_health(const std::string& name) {
  ContainerRecord& record = record_.containers[name];
  const auto probes = probes_.find(name);
  record.started = probes == probes_.end() || probes->second->started();
  record.ready = probes == probes_.end() || probes->second->ready();
  status_.touch();
  wake_.set();
}

Task<void> PodWorker::run_post_start(CheckedContainerPtr container) {
  const std::string name = container->spec.name();
  const auto result = co_await node_.checks.hook(container, container->spec.lifecycle().poststart());
  ContainerRecord& record = record_.containers[name];
  if (!runs(name, container->id)) co_return;
  if (!result.remark.empty()) node_.recorder.warning(*pod_, "LifecycleHTTPFallback", result.remark);
  if (result.done) {
    record.starting = false;
    start_probes(container, std::nullopt);
    co_return;
  }
  log_info("postStart hook failed", "container", container->id);
  node_.recorder.warning(*pod_, "FailedPostStartHook", "PostStartHook failed", container->field_path);
  record.hook_failure = result.text;
  being_stopped_.insert(name);
  co_await stop_container(name, {.message = "FailedPostStartHook"});
}

void PodWorker::stop_unhealthy() {
  for (const auto& [name, probes] : probes_) {
    const auto why = probes->verdict();
    if (!why || !record_.containers[name].running() || !being_stopped_.insert(name).second) continue;
    beside_.spawn(stop_unhealthy_container(name, *why));
  }
}

Task<void> PodWorker::stop_unhealthy_container(std::string name, ProbeKind why) {
  const auto* spec = find_container(pod_->spec(), name);
  if (spec == nullptr) co_return;
  const auto& probe = why == ProbeKind::kStartup ? spec->startupprobe() : spec->livenessprobe();
  StopOrder order{.message = "Container " + name + (why == ProbeKind::kStartup ? " failed startup probe" : " failed liveness probe")};
  // Rules about exit codes have their say when there is one.
  if (policy_of(*spec, pod_->spec()) != "Never") order.message += ", will be restarted";
  if (probe.has_terminationgraceperiodseconds()) order.grace = span_of_seconds(probe.terminationgraceperiodseconds());
  co_await stop_container(name, std::move(order));
}

// Its attempt has ended.
void PodWorker::forget_attempt(const std::string& name) {
  probes_.erase(name);
  being_stopped_.erase(name);
  ContainerRecord& record = record_.containers[name];
  record.starting = false;
  record.started = record.ready = true;
  const std::string failure = std::exchange(record.hook_failure, "");
  const auto* spec = find_container(pod_->spec(), name);
  if (failure.empty() || spec == nullptr || !should_restart(*spec, pod_->spec(), record.current->exit_code)) return;
  record.waiting_reason = "PostStartHookError";
  record.waiting_message = failure;
}

}  // namespace stint
