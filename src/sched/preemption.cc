#include "sched/preemption.h"

#include <algorithm>
#include <tuple>

#include "api/object.h"
#include "api/selector.h"

namespace stint {
namespace {

struct Candidate {
  Preemption preemption;
  int violations = 0;  // budgets' pods among the victims
};

WallTime start_of(const corev1::Pod& pod) { return pod.status().has_starttime() ? from_time(pod.status().starttime()) : WallTime::max(); }

bool is_more_important(const PodPointer& a, const PodPointer& b) {
  if (a->spec().priority() != b->spec().priority()) return a->spec().priority() > b->spec().priority();
  if (start_of(*a) != start_of(*b)) return start_of(*a) < start_of(*b);
  return object_key(*a) < object_key(*b);
}

bool is_covered(const policyv1::PodDisruptionBudget& budget, const corev1::Pod& pod) {
  if (budget.metadata().namespace_() != pod.metadata().namespace_() || !budget.spec().has_selector()) return false;
  const Result<LabelSelector> selector = LabelSelector::from(budget.spec().selector());
  return selector && !selector->empty() && !pod.metadata().labels().empty() && selector->matches(pod.metadata().labels());
}

// Those whose end a budget does not allow any more once the ones before them have ended.
std::vector<bool> violations_of(const std::vector<PodPointer>& pods, const std::vector<BudgetPointer>& budgets) {
  std::vector<int> left;
  for (const auto& budget : budgets) left.push_back(budget->status().disruptionsallowed());
  std::vector<bool> violates(pods.size(), false);
  for (size_t i = 0; i < pods.size(); ++i) {
    for (size_t j = 0; j < budgets.size(); ++j) {
      if (!is_covered(*budgets[j], *pods[i]) || budgets[j]->status().disruptedpods().contains(pods[i]->metadata().name())) continue;
      if (--left[j] < 0) violates[i] = true;
    }
  }
  return violates;
}

std::optional<Candidate> candidate_on(NodeLoad load, const std::map<std::string, PodPointer>& bound, const PodPointer& pod,
                                      const std::vector<BudgetPointer>& budgets) {
  std::vector<PodPointer> lower;
  for (const auto& [uid, other] : bound) {
    if (other->spec().priority() >= pod->spec().priority()) continue;
    lower.push_back(other);
    load.remove(*other);
  }
  if (lower.empty() || !reasons_against(*pod, load).empty()) return std::nullopt;

  std::ranges::sort(lower, is_more_important);
  const std::vector<bool> violates = violations_of(lower, budgets);
  Candidate candidate{.preemption = {.pod = pod, .node = load.node->metadata().name()}};
  for (const bool of_budgets : {true, false}) {
    for (size_t i = 0; i < lower.size(); ++i) {
      if (violates[i] != of_budgets) continue;
      NodeLoad with = load;
      with.add(*lower[i]);
      if (reasons_against(*pod, with).empty()) {
        load = std::move(with);
        continue;
      }
      candidate.preemption.victims.push_back(lower[i]);
      candidate.violations += of_budgets ? 1 : 0;
    }
  }
  if (candidate.preemption.victims.empty()) return std::nullopt;
  std::ranges::sort(candidate.preemption.victims, is_more_important);
  return candidate;
}

// Less is better.
auto harm_of(const Candidate& candidate) {
  const auto& victims = candidate.preemption.victims;
  int64_t sum = 0;
  for (const PodPointer& victim : victims) sum += int64_t{victim->spec().priority()} + (int64_t{1} << 31);  // more pods are never better
  const int highest = victims.front()->spec().priority();
  // Of equals the node whose most important victim has run for the shortest time.
  const auto youngest = -start_of(*victims.front()).time_since_epoch();
  return std::tuple(candidate.violations, highest, sum, victims.size(), youngest);
}

}  // namespace

bool is_resolvable_by_preemption(const std::string& reason) {
  return reason.starts_with("Insufficient ") || reason == "Too many pods" || reason.find("free ports") != std::string::npos ||
         reason.find("ReadWriteOncePod") != std::string::npos;
}

std::string why_it_may_not_preempt(const corev1::Pod& pod, const BoundPods& bound) {
  if (pod.spec().preemptionpolicy() == "Never") return "not eligible due to preemptionPolicy=Never.";
  const auto nominated = bound.find(pod.status().nominatednodename());
  if (nominated == bound.end()) return "";
  const bool is_awaited = std::ranges::any_of(nominated->second, [&](const auto& other) {
    return is_deleting(*other.second) && other.second->spec().priority() < pod.spec().priority();
  });
  return is_awaited ? "not eligible due to a terminating pod on the nominated node." : "";
}

std::optional<Preemption> plan_preemption(const PodPointer& pod, const NodeLoads& loads, const BoundPods& bound,
                                          const std::vector<BudgetPointer>& budgets) {
  std::optional<Candidate> best;
  for (const auto& [name, load] : loads) {
    const auto there = bound.find(name);
    if (there == bound.end() || !std::ranges::all_of(reasons_against(*pod, load), is_resolvable_by_preemption)) continue;
    std::optional<Candidate> candidate = candidate_on(load, there->second, pod, budgets);
    if (candidate && (!best || harm_of(*candidate) < harm_of(*best))) best = std::move(candidate);
  }
  if (!best) return std::nullopt;
  return std::move(best->preemption);
}

}  // namespace stint
