#include "node/conditions.h"

#include <algorithm>
#include <array>

#include "api/object.h"
#include "node/phase.h"
#include "node/restart_policy.h"

namespace stint {
namespace {

constexpr std::array<std::string_view, 6> kOwnTypes = {"PodReadyToStartContainers", "Initialized",  "Ready",
                                                       "ContainersReady",           "PodScheduled", "AllContainersRestarting"};

struct Verdict {
  bool value = true;
  std::string reason, message;
};

// Go prints a list of strings as "[a b]".
std::string go_list(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const auto& name : names) text += (text.size() > 1 ? " " : "") + name;
  return text + "]";
}

std::string describe(const std::vector<std::string>& unknown, std::string_view what, const std::vector<std::string>& listed) {
  std::string text;
  if (!unknown.empty()) text = "containers with unknown status: " + go_list(unknown);
  if (!listed.empty())
    text += (text.empty() ? "" : ", ") + std::string("containers with ") + std::string(what) + " status: " + go_list(listed);
  return text;
}

Verdict initialized(const corev1::PodSpec& spec, const corev1::PodStatus& status) {
  std::vector<std::string> unknown, incomplete;
  for (const auto& container : spec.initcontainers()) {
    const auto* entry = find_container_status(status, container.name());
    if (entry == nullptr) {
      unknown.push_back(container.name());
    } else if (is_sidecar(container) ? !entry->started() : !entry->ready()) {
      incomplete.push_back(container.name());
    }
  }
  if (status.phase() == "Succeeded" && unknown.empty()) return {true, "PodCompleted", ""};
  if (any_regular_container_started(spec, status)) return {};
  std::string message = describe(unknown, "incomplete", incomplete);
  if (message.empty()) return {};
  return {false, "ContainersNotInitialized", std::move(message)};
}

Verdict containers_ready(const corev1::PodSpec& spec, const corev1::PodStatus& status) {
  std::vector<std::string> unknown, unready;
  auto look = [&](const corev1::Container& container) {
    const auto* entry = find_container_status(status, container.name());
    if (entry == nullptr) {
      unknown.push_back(container.name());
    } else if (!entry->ready()) {
      unready.push_back(container.name());
    }
  };
  for (const auto& container : spec.initcontainers())
    if (is_sidecar(container)) look(container);
  for (const auto& container : spec.containers()) look(container);
  if (status.phase() == "Succeeded" && unknown.empty()) return {false, "PodCompleted", ""};
  if (status.phase() == "Failed") return {false, "PodFailed", ""};
  std::string message = describe(unknown, "unready", unready);
  if (message.empty()) return {};
  return {false, "ContainersNotReady", std::move(message)};
}

Verdict ready(const corev1::PodSpec& spec, const corev1::PodStatus& old, Verdict containers) {
  if (!containers.value) return containers;
  std::string message;
  for (const auto& gate : spec.readinessgates()) {
    const auto* condition = find_condition(old, gate.conditiontype());
    if (condition != nullptr && condition->status() == "True") continue;
    if (!message.empty()) message += ", ";
    message += condition == nullptr
                   ? "corresponding condition of pod readiness gate \"" + gate.conditiontype() + "\" does not exist."
                   : "the status of pod readiness gate \"" + gate.conditiontype() + "\" is not \"True\", but " + condition->status();
  }
  if (message.empty()) return {};
  return {false, "ReadinessGatesNotReady", std::move(message)};
}

Verdict restarting_all(const NodeView& view, const corev1::PodStatus& status) {
  if (status.phase() == "Succeeded") return {false, "PodCompleted", ""};
  if (status.phase() == "Failed") return {false, "PodFailed", ""};
  if (!view.restarting_all) return {false, "", ""};
  return {true, "RestartAllContainersStarted", "container exited with restart policy rule"};
}

void add(std::string_view type, const Verdict& verdict, const corev1::Pod& pod, const corev1::PodStatus& old, WallTime now,
         corev1::PodStatus& status) {
  auto& condition = *status.add_conditions();
  condition.set_type(std::string(type));
  condition.set_status(verdict.value ? "True" : "False");
  if (!verdict.reason.empty()) condition.set_reason(verdict.reason);
  if (!verdict.message.empty()) condition.set_message(verdict.message);
  condition.set_observedgeneration(pod.metadata().generation());
  const auto* before = find_condition(old, type);
  *condition.mutable_lasttransitiontime() = before != nullptr && before->status() == condition.status() && before->has_lasttransitiontime()
                                                ? before->lasttransitiontime()
                                                : to_time(now);
}

}  // namespace

const corev1::PodCondition* find_condition(const corev1::PodStatus& status, std::string_view type) {
  for (const auto& condition : status.conditions())
    if (condition.type() == type) return &condition;
  return nullptr;
}

void compute_conditions(const corev1::Pod& pod, const corev1::PodStatus& old, const NodeView& view, WallTime now,
                        corev1::PodStatus& status) {
  const corev1::PodCondition* disruption = nullptr;
  for (const auto& condition : old.conditions()) {
    if (condition.type() == "DisruptionTarget") {
      disruption = &condition;
    } else if (std::find(kOwnTypes.begin(), kOwnTypes.end(), condition.type()) == kOwnTypes.end()) {
      *status.add_conditions() = condition;
    }
  }
  if (!view.disruption.empty()) {
    add("DisruptionTarget", {true, "TerminationByKubelet", view.disruption}, pod, old, now, status);
  } else if (disruption != nullptr) {
    *status.add_conditions() = *disruption;
  }

  const Verdict sandbox = view.sandbox_ready ? Verdict{} : Verdict{false, "PodSandboxNotReady", ""};
  const Verdict containers = containers_ready(pod.spec(), status);
  add("PodReadyToStartContainers", sandbox, pod, old, now, status);
  add("Initialized", initialized(pod.spec(), status), pod, old, now, status);
  add("Ready", ready(pod.spec(), old, containers), pod, old, now, status);
  add("ContainersReady", containers, pod, old, now, status);
  add("PodScheduled", {}, pod, old, now, status);
  if (may_restart_all(pod.spec())) add("AllContainersRestarting", restarting_all(view, status), pod, old, now, status);
}

}  // namespace stint
