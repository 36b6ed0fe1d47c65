#include "control/job/pod_failure_policy.h"

#include <algorithm>

namespace stint::job {
namespace {

using ExitCodes = batchv1::PodFailurePolicyOnExitCodesRequirement;

bool matches_code(const ExitCodes& wanted, int32_t code) {
  const bool listed = std::ranges::find(wanted.values(), code) != wanted.values().end();
  return wanted.operator_() == "In" ? listed : wanted.operator_() == "NotIn" && !listed;
}

// A container that still runs has no exit code, and zero is no failure.
template <class Statuses>
const corev1::ContainerStatus* find_exit(const Statuses& statuses, const ExitCodes& wanted) {
  for (const auto& status : statuses) {
    if (!status.state().has_terminated()) continue;
    if (wanted.has_containername() && wanted.containername() != status.name()) continue;
    const int32_t code = status.state().terminated().exitcode();
    if (code != 0 && matches_code(wanted, code)) return &status;
  }
  return nullptr;
}

const corev1::PodCondition* find_condition(const corev1::Pod& pod, const batchv1::PodFailurePolicyRule& rule) {
  for (const auto& condition : pod.status().conditions()) {
    for (const auto& pattern : rule.onpodconditions()) {
      if (condition.type() == pattern.type() && condition.status() == pattern.status()) return &condition;
    }
  }
  return nullptr;
}

PodFailureAction action_of(const batchv1::PodFailurePolicyRule& rule) {
  if (rule.action() == "FailJob") return PodFailureAction::kFailJob;
  if (rule.action() == "FailIndex") return PodFailureAction::kFailIndex;
  if (rule.action() == "Ignore") return PodFailureAction::kIgnore;
  return rule.action() == "Count" ? PodFailureAction::kCount : PodFailureAction::kNone;
}

// What the rule says of the pod, up to " matching", or "" when it does not match.
std::string describe_match(const batchv1::PodFailurePolicyRule& rule, const corev1::Pod& pod) {
  const std::string name = pod.metadata().namespace_() + "/" + pod.metadata().name();
  if (rule.has_onexitcodes()) {
    const auto* status = find_exit(pod.status().containerstatuses(), rule.onexitcodes());
    if (status == nullptr) status = find_exit(pod.status().initcontainerstatuses(), rule.onexitcodes());
    if (status == nullptr) return "";
    return "Container " + status->name() + " for pod " + name + " failed with exit code " +
           std::to_string(status->state().terminated().exitcode());
  }
  const auto* condition = find_condition(pod, rule);
  return condition == nullptr ? "" : "Pod " + name + " has condition " + condition->type();
}

}  // namespace

PodFailureMatch match_pod_failure(const batchv1::Job& job, const corev1::Pod& failed_pod) {
  const auto& rules = job.spec().podfailurepolicy().rules();
  for (int i = 0; i < rules.size(); ++i) {
    const PodFailureAction action = action_of(rules[i]);
    if (action == PodFailureAction::kNone) continue;  // from a newer writer: the next rule decides
    const std::string match = describe_match(rules[i], failed_pod);
    if (match.empty()) continue;
    if (action != PodFailureAction::kFailJob) return {action, ""};
    return {action, match + " matching FailJob rule at index " + std::to_string(i)};
  }
  return {};
}

}  // namespace stint::job
