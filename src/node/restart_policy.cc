#include "node/restart_policy.h"

#include <algorithm>

namespace stint {
namespace {

bool rule_matches(const corev1::ContainerRestartRule& rule, int exit_code) {
  if (!rule.has_exitcodes()) return false;
  const auto& values = rule.exitcodes().values();
  const bool listed = std::find(values.begin(), values.end(), exit_code) != values.end();
  if (rule.exitcodes().operator_() == "In") return listed;
  if (rule.exitcodes().operator_() == "NotIn") return !listed;
  return false;
}

}  // namespace

bool is_sidecar(const corev1::Container& init_container) { return init_container.restartpolicy() == "Always"; }

std::string_view policy_of(const corev1::Container& container, const corev1::PodSpec& spec) {
  return container.restartpolicy().empty() ? spec.restartpolicy() : container.restartpolicy();
}

bool should_restart(const corev1::Container& container, const corev1::PodSpec& spec, int exit_code) {
  for (const auto& rule : container.restartpolicyrules()) {
    if (rule_matches(rule, exit_code)) return rule.action() == "Restart" || rule.action() == "RestartAllContainers";
  }
  const std::string_view policy = policy_of(container, spec);
  if (policy == "Never") return false;
  if (policy == "OnFailure") return exit_code != 0;
  return true;
}

bool restarts_all(const corev1::Container& container, int exit_code) {
  for (const auto& rule : container.restartpolicyrules())
    if (rule_matches(rule, exit_code)) return rule.action() == "RestartAllContainers";
  return false;
}

bool may_restart_all(const corev1::PodSpec& spec) {
  for (const auto* list : {&spec.initcontainers(), &spec.containers()})
    for (const auto& container : *list)
      for (const auto& rule : container.restartpolicyrules())
        if (rule.action() == "RestartAllContainers") return true;
  return false;
}

std::optional<Duration> BackOff::due(Duration event) const {
  if (forgotten(event)) return std::nullopt;
  return event + wait_;
}

void BackOff::advance(Duration event, Duration now) {
  wait_ = forgotten(event) ? kWaitBase : std::min(2 * wait_, kWaitMax);
  last_update_ = now;
}

}  // namespace stint
