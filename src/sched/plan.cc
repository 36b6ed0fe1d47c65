#include "sched/plan.h"

#include <algorithm>
#include <map>

#include "api/object.h"
#include "sched/filters.h"

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

std::vector<PodPointer> in_order(std::vector<PodPointer> pods) {
  auto before = [](const PodPointer& a, const PodPointer& b) {
    if (a->spec().priority() != b->spec().priority()) return a->spec().priority() > b->spec().priority();
    const auto& x = a->metadata().creationtimestamp();
    const auto& y = b->metadata().creationtimestamp();
    if (from_time(x) != from_time(y)) return from_time(x) < from_time(y);
    // Times are whole seconds; versions grow and so order pods within one.
    const std::string& m = a->metadata().resourceversion();
    const std::string& n = b->metadata().resourceversion();
    return m.size() != n.size() ? m.size() < n.size() : m < n;
  };
  std::sort(pods.begin(), pods.end(), before);
  return pods;
}

NodesByName load_nodes(const Snapshot& snapshot) {
  NodesByName nodes;
  for (const auto& node : snapshot.nodes) {
    NodeLoad& load = nodes[node->metadata().name()].load;
    load.node = node.get();
    load.allocatable = resource_amounts(node->status().allocatable());
  }
  for (const auto& pod : snapshot.bound) {
    auto found = nodes.find(pod->spec().nodename());
    if (found == nodes.end()) continue;
    found->second.load.add(*pod);
    found->second.bound.push_back(pod);
  }
  return nodes;
}

void place(const PodPointer& pod, NodePods& node) {
  node.load.add(*pod);
  node.placed.push_back(pod);
}

// What becomes of a pod that fits nowhere.
void make_room(const PodPointer& pod, const Reasons& against, const std::vector<BudgetPointer>& budgets, NodesByName& nodes,
               SchedulePlan& plan) {
  Unschedulable unschedulable{.pod = pod, .message = explain_fit(against)};
  if (const std::string why = why_it_may_not_preempt(*pod, nodes); !why.empty()) {
    unschedulable.message += " preemption: " + why;
    unschedulable.nominated = pod->status().nominatednodename();
  } else if (auto preemption = plan_preemption(pod, nodes, budgets)) {
    unschedulable.nominated = preemption->node;
    plan.preemptions.push_back(*std::move(preemption));
  } else {
    unschedulable.message += explain_preemption(against);
  }
  if (const auto node = nodes.find(unschedulable.nominated); node != nodes.end()) place(pod, node->second);
  plan.unschedulable.push_back(std::move(unschedulable));
}

}  // namespace

SchedulePlan plan_schedule(const Snapshot& snapshot) {
  SchedulePlan plan;
  NodesByName nodes = load_nodes(snapshot);
  for (const auto& pod : in_order(snapshot.waiting)) {
    NodePods* best = nullptr;
    Reasons against;
    for (auto& [name, node] : nodes) {
      auto reasons = reasons_against(*pod, node.load);
      if (!reasons.empty())
        against.push_back(std::move(reasons));
      else if (best == nullptr || score(node.load) > score(best->load))
        best = &node;
    }
    if (best == nullptr) {
      make_room(pod, against, snapshot.budgets, nodes, plan);
      continue;
    }
    place(pod, *best);
    plan.bindings.push_back({pod, best->load.node->metadata().name()});
  }
  return plan;
}

bool wants_scheduling(const corev1::Pod& pod) {
  const auto& spec = pod.spec();
  return spec.nodename().empty() && !is_deleting(pod) && spec.schedulinggates().empty() && pod.status().phase() != "Succeeded" &&
         pod.status().phase() != "Failed" && (spec.schedulername().empty() || spec.schedulername() == kSchedulerName);
}

}  // namespace stint
