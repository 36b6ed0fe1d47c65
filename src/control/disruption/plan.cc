#include "control/disruption/plan.h"

#include <algorithm>
#include <set>

#include "api/equality.h"
#include "api/policy/disruption_allowed.h"

namespace stint::disruption {
namespace {

using Status = policyv1::PodDisruptionBudgetStatus;
using Disrupted = google::protobuf::Map<std::string, metav1::Time>;

// How long a pod that was told to go may take before it counts again.
constexpr Duration kDeletionTimeout = std::chrono::minutes(2);

bool is_ready(const corev1::Pod& pod) {
  return std::ranges::any_of(pod.status().conditions(),
                             [](const auto& condition) { return condition.type() == "Ready" && condition.status() == "True"; });
}

// "50%" of the count, rounded up.
int32_t scaled(const intstr::IntOrString& amount, int32_t count) {
  if (amount.type() == 0) return amount.intval();
  const int64_t percent = std::strtoll(amount.strval().c_str(), nullptr, 10);
  return static_cast<int32_t>((percent * count + 99) / 100);
}

struct Wanted {
  int32_t expected = 0, healthy = 0;
  std::string fault;  // why it cannot be told
};

// A part of a group needs the size of the group, which the owners of its pods tell. None of the kinds here that own pods can tell it: a
// Job has no scale.
Wanted wanted(const policyv1::PodDisruptionBudgetSpec& spec, std::span<const PodPtr> pods) {
  const bool by_minimum = !spec.has_maxunavailable();
  if (by_minimum && spec.minavailable().type() == 0) {
    return {.expected = static_cast<int32_t>(pods.size()), .healthy = spec.minavailable().intval(), .fault = ""};
  }
  for (const PodPtr& pod : pods) {
    const metav1::OwnerReference* owner = controller_of(*pod);
    if (owner == nullptr) continue;
    if (owner->kind() == "Job") return {.fault = "jobs.batch does not implement the scale subresource"};
    return {.fault = "found no controllers for pod \"" + pod->metadata().name() + "\""};
  }
  Wanted result;
  result.healthy = by_minimum ? scaled(spec.minavailable(), 0) : std::max(0, -scaled(spec.maxunavailable(), 0));
  return result;
}

void keep_disrupted(const Disrupted& told, std::span<const PodPtr> pods, WallTime now, Plan& plan) {
  for (const PodPtr& pod : pods) {
    const auto found = told.find(pod->metadata().name());
    if (is_deleting(*pod) || found == told.end()) continue;
    const Duration left = from_time(found->second) + kDeletionTimeout - now;
    if (left < Duration::zero()) continue;
    (*plan.status.mutable_disruptedpods())[found->first] = found->second;
    plan.look_again = plan.look_again ? std::min(*plan.look_again, left) : left;
  }
}

int32_t healthy(std::span<const PodPtr> pods, const Disrupted& disrupted) {
  return static_cast<int32_t>(std::ranges::count_if(
      pods, [&](const PodPtr& pod) { return !is_deleting(*pod) && !disrupted.contains(pod->metadata().name()) && is_ready(*pod); }));
}

}  // namespace

Plan plan(const policyv1::PodDisruptionBudget& budget, std::span<const PodPtr> pods, WallTime now) {
  Plan plan;
  const Wanted want = wanted(budget.spec(), pods);
  if (!want.fault.empty()) {
    plan.status = budget.status();
    plan.status.set_disruptionsallowed(0);
    policy::set_sync_failed(plan.status, want.fault, now);
    return plan;
  }
  keep_disrupted(budget.status().disruptedpods(), pods, now, plan);
  Status& status = plan.status;
  status.set_currenthealthy(healthy(pods, status.disruptedpods()));
  status.set_desiredhealthy(want.healthy);
  status.set_expectedpods(want.expected);
  const int32_t spare = status.currenthealthy() - status.desiredhealthy();
  status.set_disruptionsallowed(want.expected <= 0 || spare <= 0 ? 0 : spare);
  status.set_observedgeneration(budget.metadata().generation());
  *status.mutable_conditions() = budget.status().conditions();
  policy::set_disruption_allowed(status, now);
  return plan;
}

bool is_same(const Status& a, const Status& b) {
  Status x = a, y = b;
  for (Status* status : {&x, &y}) {
    for (metav1::Condition& condition : *status->mutable_conditions()) condition.clear_lasttransitiontime();
  }
  return semantically_equal(x, y);
}

}  // namespace stint::disruption
