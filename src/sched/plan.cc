#include "sched/plan.h"

#include <algorithm>
#include <map>

#include "api/object.h"
#include "sched/filters.h"

namespace stint {
namespace {

bool resolvable_by_preemption(const std::string& reason) {
  return reason.starts_with("Insufficient ") || reason == "Too many pods" || reason.find("free ports") != std::string::npos;
}

// "1 Insufficient cpu, 2 Too many pods", sorted as text.
std::string histogram(const std::map<std::string, int>& reasons) {
  std::vector<std::string> lines;
  for (const auto& [reason, count] : reasons) lines.push_back(std::to_string(count) + " " + reason);
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : ", ") + line;
  return text;
}

// Upstream's sentence. Nobody is preempted here, and it says so in upstream's words.
std::string explain(const std::vector<std::vector<std::string>>& against) {
  if (against.empty()) return "no nodes available to schedule pods";
  std::map<std::string, int> reasons, preemption;
  for (const auto& node : against) {
    for (const auto& reason : node) ++reasons[reason];
    const bool resolvable = std::all_of(node.begin(), node.end(), resolvable_by_preemption);
    ++preemption[resolvable ? "No preemption victims found for incoming pod" : "Preemption is not helpful for scheduling"];
  }
  const std::string head = "0/" + std::to_string(against.size()) + " nodes are available: ";
  return head + histogram(reasons) + ". preemption: " + head + histogram(preemption) + ".";
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

std::map<std::string, NodeLoad> load_nodes(const Snapshot& snapshot) {
  std::map<std::string, NodeLoad> loads;
  for (const auto& node : snapshot.nodes) {
    NodeLoad& load = loads[node->metadata().name()];
    load.node = node.get();
    load.allocatable = resource_amounts(node->status().allocatable());
  }
  for (const auto& pod : snapshot.bound) {
    auto found = loads.find(pod->spec().nodename());
    if (found != loads.end()) found->second.add(*pod);
  }
  return loads;
}

}  // namespace

SchedulePlan plan_schedule(const Snapshot& snapshot) {
  SchedulePlan plan;
  auto loads = load_nodes(snapshot);
  for (const auto& pod : in_order(snapshot.waiting)) {
    NodeLoad* best = nullptr;
    std::vector<std::vector<std::string>> against;
    for (auto& [name, load] : loads) {
      auto reasons = reasons_against(*pod, load);
      if (!reasons.empty())
        against.push_back(std::move(reasons));
      else if (best == nullptr || score(load) > score(*best))
        best = &load;
    }
    if (best == nullptr) {
      plan.unschedulable.push_back({pod, explain(against)});
      continue;
    }
    best->add(*pod);
    plan.bindings.push_back({pod, best->node->metadata().name()});
  }
  return plan;
}

bool wants_scheduling(const corev1::Pod& pod) {
  const auto& spec = pod.spec();
  return spec.nodename().empty() && !is_deleting(pod) && spec.schedulinggates().empty() && pod.status().phase() != "Succeeded" &&
         pod.status().phase() != "Failed" && (spec.schedulername().empty() || spec.schedulername() == kSchedulerName);
}

}  // namespace stint
