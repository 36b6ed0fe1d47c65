#include "node/status.h"

#include <algorithm>

#include "api/core/pod_validation.h"
#include "api/object.h"
#include "node/conditions.h"
#include "node/phase.h"
#include "node/restart_policy.h"
#include "node/volumes.h"

namespace stint {
namespace {

std::string full_id(const NodeIdentity& node, const std::string& id) { return id.empty() ? "" : node.runtime_name + "://" + id; }

void fill_terminated(const ContainerInstance& instance, const NodeIdentity& node, corev1::ContainerStateTerminated& out) {
  out.set_exitcode(instance.exit_code);
  if (!instance.reason.empty()) out.set_reason(instance.reason);
  if (!instance.message.empty()) out.set_message(instance.message);
  if (instance.started_at != WallTime{}) *out.mutable_startedat() = to_time(instance.started_at);
  if (instance.finished_at != WallTime{}) *out.mutable_finishedat() = to_time(instance.finished_at);
  if (!instance.id.empty()) out.set_containerid(full_id(node, instance.id));
}

void fill_waiting(std::string_view reason, const std::string& message, corev1::ContainerStatus& out) {
  auto& waiting = *out.mutable_state()->mutable_waiting();
  waiting.set_reason(std::string(reason));
  if (!message.empty()) waiting.set_message(message);
}

void fill_mounts(const corev1::Container& container, corev1::ContainerStatus& out) {
  for (const auto& mount : container.volumemounts()) {
    auto& entry = *out.add_volumemounts();
    entry.set_name(mount.name());
    entry.set_mountpath(mount.mountpath());
    if (!mount.readonly()) continue;
    entry.set_readonly(true);
    entry.set_recursivereadonly(is_recursively_read_only(mount) ? "Enabled" : "Disabled");
  }
}

// What the runtime knows of the newest attempt.
void fill_instance(const corev1::Container& container, const ContainerRecord& record, const NodeIdentity& node,
                   corev1::ContainerStatus& out) {
  const ContainerInstance& now = *record.current;
  out.set_restartcount(now.attempt);
  if (!record.image.empty()) out.set_image(record.image);
  if (!record.image_id.empty()) out.set_imageid(record.image_id);
  if (!now.id.empty()) out.set_containerid(full_id(node, now.id));
  if (record.previous) fill_terminated(*record.previous, node, *out.mutable_laststate()->mutable_terminated());
  out.mutable_resources()->CopyFrom(container.resources());
  *out.mutable_allocatedresources() = container.resources().requests();
  if (now.running()) {
    *out.mutable_state()->mutable_running()->mutable_startedat() = to_time(now.started_at);
  } else if (now.exited()) {
    fill_terminated(now, node, *out.mutable_state()->mutable_terminated());
  } else {
    fill_waiting("", "", out);
  }
}

corev1::ContainerStatus container_status(const corev1::Container& container, const ContainerRecord* record, const corev1::Pod& pod,
                                         bool init, bool ending, const NodeIdentity& node) {
  corev1::ContainerStatus out;
  out.set_name(container.name());
  out.set_image(container.image());
  out.set_imageid("");
  fill_mounts(container, out);
  // As upstream, a first attempt shows once its postStart hook is through.
  if (record != nullptr && record->current && !(record->starting && record->running() && record->current->attempt == 0)) {
    fill_instance(container, *record, node, out);
  } else {
    fill_waiting(pod.spec().initcontainers_size() > 0 ? "PodInitializing" : "ContainerCreating", "", out);
    out.set_restartcount(record != nullptr ? record->restarts : 0);
    if (record != nullptr && !record->current && record->previous)
      fill_terminated(*record->previous, node, *out.mutable_laststate()->mutable_terminated());
  }
  if (record != nullptr && !record->waiting_reason.empty() && !out.state().has_running() && !ending) {
    if (out.state().has_terminated()) *out.mutable_laststate() = out.state();
    out.mutable_state()->Clear();
    fill_waiting(record->waiting_reason, record->waiting_message, out);
  }
  const bool running = out.state().has_running();
  const bool ran_init = init && !is_sidecar(container) && out.state().has_terminated() && out.state().terminated().exitcode() == 0;
  const bool started = running && (record == nullptr || (record->started && !record->starting));
  out.set_started(started);
  out.set_ready(ran_init || (started && record != nullptr && record->ready && (!init || is_sidecar(container))));
  return out;
}

void fill_containers(const corev1::Pod& pod, const PodRecord& record, const NodeIdentity& node, corev1::PodStatus& status) {
  for (const auto& container : pod.spec().initcontainers())
    *status.add_initcontainerstatuses() = container_status(container, record.find(container.name()), pod, true, record.ending, node);
  for (const auto& container : pod.spec().containers())
    *status.add_containerstatuses() = container_status(container, record.find(container.name()), pod, false, record.ending, node);
  for (const auto& ephemeral : pod.spec().ephemeralcontainers()) {
    const corev1::Container container = core::as_container(ephemeral);
    auto& entry = *status.add_ephemeralcontainerstatuses();
    entry = container_status(container, record.find(container.name()), pod, false, record.ending, node);
    entry.set_ready(false);  // nothing waits for it
    entry.clear_started();
  }
  std::sort(status.mutable_containerstatuses()->begin(), status.mutable_containerstatuses()->end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
}

// A pod that ends with containers that never came to an end of their own: they get one, as upstream's status manager gives it.
void end_the_unknown(const corev1::Pod& pod, corev1::PodStatus& status) {
  auto mark = [](corev1::ContainerStatus& entry) {
    if (entry.state().has_terminated()) return;
    entry.mutable_state()->Clear();
    auto& end = *entry.mutable_state()->mutable_terminated();
    end.set_reason("ContainerStatusUnknown");
    end.set_message("The container could not be located when the pod was terminated");
    end.set_exitcode(137);
  };
  bool initialised = true;
  for (int i = 0; i < status.initcontainerstatuses_size(); ++i) {
    auto& entry = *status.mutable_initcontainerstatuses(i);
    if (!entry.state().has_terminated() || entry.state().terminated().exitcode() != 0) {
      if (!is_sidecar(pod.spec().initcontainers(i))) initialised = false;
    }
    mark(entry);
    if (!initialised) break;
  }
  if (!initialised) return;
  for (auto& entry : *status.mutable_containerstatuses()) mark(entry);
}

// All last words of a pod together have 12 KiB, as upstream's status manager shares them out.
void cut_messages(corev1::PodStatus& status) {
  constexpr size_t kBytesMax = size_t{12} * 1024;
  const int count = status.initcontainerstatuses_size() + status.containerstatuses_size() + status.ephemeralcontainerstatuses_size();
  if (count == 0) return;
  const size_t each = kBytesMax / static_cast<size_t>(count);
  auto cut = [each](corev1::ContainerState& state) {
    if (state.has_terminated() && state.terminated().message().size() > each) state.mutable_terminated()->mutable_message()->resize(each);
  };
  for (auto* list :
       {status.mutable_initcontainerstatuses(), status.mutable_containerstatuses(), status.mutable_ephemeralcontainerstatuses()}) {
    for (auto& entry : *list) {
      if (entry.has_state()) cut(*entry.mutable_state());
      if (entry.has_laststate()) cut(*entry.mutable_laststate());
    }
  }
}

void fill_addresses(const corev1::Pod& pod, const PodRecord& record, const NodeIdentity& node, corev1::PodStatus& status) {
  status.set_hostip(node.host_ip);
  status.add_hostips()->set_ip(node.host_ip);
  std::string ip = pod.spec().hostnetwork() ? node.host_ip : record.pod_ip;
  if (ip.empty()) ip = pod.status().podip();
  if (ip.empty()) return;
  status.set_podip(ip);
  status.add_podips()->set_ip(ip);
}

std::string phase_of(const corev1::Pod& pod, const PodRecord& record, const corev1::PodStatus& status) {
  if (is_terminal_phase(pod.status().phase())) return pod.status().phase();  // final, whatever is found here
  if (!record.failed_reason.empty()) return "Failed";
  std::string phase(compute_phase(pod.spec(), status, record.ending));
  if (record.ending && !record.any_running() && !is_terminal_phase(phase)) return "Failed";
  return phase;
}

}  // namespace

corev1::PodStatus compute_status(const corev1::Pod& pod, const PodRecord& record, const NodeIdentity& node, WallTime now) {
  const corev1::PodStatus& old = pod.status();
  corev1::PodStatus status;
  if (!record.refused) fill_containers(pod, record, node, status);

  std::string phase = phase_of(pod, record, status);
  if (record.any_running() && is_terminal_phase(phase)) phase = old.phase().empty() ? "Pending" : old.phase();
  status.set_phase(phase);
  if (!record.refused && record.ending && is_terminal_phase(phase)) end_the_unknown(pod, status);
  if (phase == "Failed" && !record.failed_reason.empty()) {
    status.set_reason(record.failed_reason);
    status.set_message(record.failed_message);
  } else if (phase == old.phase()) {
    if (old.has_reason()) status.set_reason(old.reason());
    if (old.has_message()) status.set_message(old.message());
  }
  status.set_qosclass(old.qosclass());
  status.set_observedgeneration(pod.metadata().generation());
  *status.mutable_starttime() = old.has_starttime() ? old.starttime() : to_time(now);
  if (old.has_nominatednodename()) status.set_nominatednodename(old.nominatednodename());
  fill_addresses(pod, record, node, status);
  cut_messages(status);
  const NodeView view{.sandbox_ready = record.sandbox_ready && !is_terminal_phase(phase),
                      .restarting_all = record.restarting_all,
                      .disruption = phase == "Failed" ? record.disruption : ""};
  compute_conditions(pod, old, view, now, status);
  return status;
}

}  // namespace stint
