#include "sched/plan.h"

#include <algorithm>
#include <map>
#include <optional>

#include "api/object.h"
#include "sched/filters.h"
#include "sched/scheduler_cache.h"

namespace stint {
namespace {

using Reasons = std::vector<std::vector<std::string>>;  // against the pod, by node

// "1 Insufficient cpu, 2 Too many pods", sorted as text.
std::string histogram(const std::map<std::string, int>& reasons) {
  std::vector<std::string> lines;
  for (const auto& [reason, count] : reasons) lines.push_back(std::to_string(count) + " " + reason);
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : ", ") + line;
  return text;
}

std::string head_of(const Reasons& against) { return "0/" + std::to_string(against.size()) + " nodes are available: "; }

std::string explain_fit(const Reasons& against) {
  if (against.empty()) return "no nodes available to schedule pods";
  std::map<std::string, int> reasons;
  for (const auto& node : against)
    for (const auto& reason : node) ++reasons[reason];
  return head_of(against) + histogram(reasons) + ".";
}

// Why no room was made, in upstream's words.
std::string explain_preemption(const Reasons& against) {
  if (against.empty()) return "";
  std::map<std::string, int> reasons;
  for (const auto& node : against) {
    const bool resolvable = std::ranges::all_of(node, is_resolvable_by_preemption);
    ++reasons[resolvable ? "No preemption victims found for incoming pod" : "Preemption is not helpful for scheduling"];
  }
  return " preemption: " + head_of(against) + histogram(reasons) + ".";
}

// The same of every node.
std::string explain_refusal(const std::string& why, size_t nodes) {
  if (nodes == 0) return "no nodes available to schedule pods";
  const std::string head = "0/" + std::to_string(nodes) + " nodes are available: ";
  return head + why + ". preemption: " + head + std::to_string(nodes) + " Preemption is not helpful for scheduling.";
}

// Of those that fit, the one with the least load for its size.
double score(const NodeLoad& load) {
  double fullest = 0;
  for (const auto& [name, total] : load.allocatable) {
    auto used = load.used.find(name);
    const double part = name == "pods" ? static_cast<double>(load.pods) : used == load.used.end() ? 0.0 : static_cast<double>(used->second);
    if (total > 0) fullest = std::max(fullest, part / static_cast<double>(total));
  }
  return -fullest;
}

// Nodes on which its claims let the pod be, however full they are.
NodeLoads where_claims_allow(const ClaimConstraints& claims, const NodeLoads& loads) {
  NodeLoads allowed;
  for (const auto& [name, load] : loads)
    if (claims.reasons_against(*load.node).empty()) allowed.emplace(name, load);
  return allowed;
}

// What becomes of a pod that fits nowhere. Room can be made on `candidates`.
void make_room(const PodPointer& pod, const Reasons& against, const BoundPods& bound, const std::vector<BudgetPointer>& budgets,
               const NodeLoads& candidates, NodeLoads& loads, SchedulePlan& plan) {
  Unschedulable unschedulable{.pod = pod, .message = explain_fit(against)};
  if (const std::string why = why_it_may_not_preempt(*pod, bound); !why.empty()) {
    unschedulable.message += " preemption: " + why;
    unschedulable.nominated = pod->status().nominatednodename();
  } else if (auto preemption = plan_preemption(pod, candidates, bound, budgets)) {
    unschedulable.nominated = preemption->node;
    plan.preemptions.push_back(*std::move(preemption));
  } else {
    unschedulable.message += explain_preemption(against);
  }
  if (const auto node = loads.find(unschedulable.nominated); node != loads.end()) node->second.add(*pod);
  plan.unschedulable.push_back(std::move(unschedulable));
}

}  // namespace

SchedulePlan plan_schedule(const Snapshot& snapshot) {
  NodeLoads loads;
  BoundPods bound;
  for (const auto& node : snapshot.nodes) loads[node->metadata().name()].set_node(node);
  for (const auto& pod : snapshot.bound) {
    auto found = loads.find(pod->spec().nodename());
    if (found == loads.end()) continue;
    found->second.add(*pod);
    bound[found->first].emplace(object_key(*pod), pod);
  }
  auto waiting = snapshot.waiting;
  std::ranges::sort(waiting, SchedulingOrder());
  return plan_schedule(std::move(loads), bound, waiting, snapshot.budgets, snapshot.storage);
}

SchedulePlan plan_schedule(NodeLoads loads, const BoundPods& bound, std::span<const PodPointer> waiting,
                           const std::vector<BudgetPointer>& budgets, Storage storage) {
  SchedulePlan plan;
  for (const auto& pod : waiting) {
    std::optional<ClaimConstraints> claims;
    if (uses_claims(pod->spec())) claims.emplace(*pod, storage, bound);
    if (claims && !claims->refusal().empty()) {
      plan.unschedulable.push_back({.pod = pod, .message = explain_refusal(claims->refusal(), loads.size())});
      continue;
    }
    NodeLoad* best = nullptr;
    Reasons against;
    for (auto& [name, load] : loads) {
      auto reasons = reasons_against(*pod, load);
      if (reasons.empty() && claims) reasons = claims->reasons_against(*load.node);
      if (!reasons.empty())
        against.push_back(std::move(reasons));
      else if (best == nullptr || score(load) > score(*best))
        best = &load;
    }
    if (best == nullptr) {
      if (claims)
        make_room(pod, against, bound, budgets, where_claims_allow(*claims, loads), loads, plan);
      else
        make_room(pod, against, bound, budgets, loads, loads, plan);
      continue;
    }
    best->add(*pod);
    Binding binding{.pod = pod, .node = best->node->metadata().name()};
    if (claims) claims->reasons_against(*best->node, &binding.claims);
    for (const ClaimChoice& choice : binding.claims)
      if (choice.volume != nullptr) storage.promised.insert(choice.volume->metadata().name());
    plan.bindings.push_back(std::move(binding));
  }
  return plan;
}

bool has_ended(const corev1::Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

bool weighs_on_node(const corev1::Pod& pod) { return !pod.spec().nodename().empty() && !has_ended(pod); }

bool wants_scheduling(const corev1::Pod& pod) {
  const auto& spec = pod.spec();
  return spec.nodename().empty() && !is_deleting(pod) && spec.schedulinggates().empty() && !has_ended(pod) &&
         (spec.schedulername().empty() || spec.schedulername() == kSchedulerName);
}

}  // namespace stint
