#include "control/node_lifecycle/plan.h"

#include <algorithm>

#include "api/object.h"

namespace stint::node_lifecycle {
namespace {

constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready", kUnreachable = "node.kubernetes.io/unreachable";
constexpr std::string_view kNoSchedule = "NoSchedule", kNoExecute = "NoExecute";
constexpr std::string_view kConditions[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

struct Rule {
  std::string_view condition, status, taint;
};
constexpr Rule kRules[] = {{"Ready", "False", kNotReady},
                           {"Ready", "Unknown", kUnreachable},
                           {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
                           {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
                           {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
                           {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"}};
constexpr std::string_view kUnschedulable = "node.kubernetes.io/unschedulable";

std::string status_of(const corev1::Node& node, std::string_view type) {
  for (const auto& condition : node.status().conditions())
    if (condition.type() == type) return condition.status();
  return "";
}

// Where nodes go down one after the other it is they; where more than half go down it is likely something else.
constexpr double kManyNotReady = 0.55;
constexpr size_t kFewNotReady = 2;
constexpr size_t kFewNodes = 50;

bool is_ours(const corev1::Taint& taint) {
  if (taint.effect() == kNoExecute) return taint.key() == kNotReady || taint.key() == kUnreachable;
  return taint.effect() == kNoSchedule &&
         (taint.key() == kUnschedulable || std::ranges::any_of(kRules, [&](const Rule& rule) { return rule.taint == taint.key(); }));
}

}  // namespace

std::string readiness(const corev1::Node& node) { return status_of(node, "Ready"); }

std::optional<corev1::NodeStatus> given_up(const corev1::Node& node, WallTime now) {
  corev1::NodeStatus status = node.status();
  bool changed = false;
  for (const std::string_view type : kConditions) {
    auto found = std::ranges::find(*status.mutable_conditions(), type, &corev1::NodeCondition::type);
    const bool known = found != status.mutable_conditions()->end();
    if (known && found->status() == "Unknown") continue;
    corev1::NodeCondition& condition = known ? *found : *status.add_conditions();
    changed = true;
    condition.set_type(std::string(type));
    condition.set_status("Unknown");
    condition.set_reason(known ? "NodeStatusUnknown" : "NodeStatusNeverUpdated");
    condition.set_message(known ? "Kubelet stopped posting node status." : "Kubelet never posted node status.");
    *condition.mutable_lasttransitiontime() = to_time(now);
    if (!known) *condition.mutable_lastheartbeattime() = node.metadata().creationtimestamp();
  }
  return changed ? std::optional(std::move(status)) : std::nullopt;
}

Eviction eviction(std::span<const std::shared_ptr<const corev1::Node>> nodes) {
  const auto ready = static_cast<size_t>(std::ranges::count_if(nodes, [](const auto& node) { return readiness(*node) == "True"; }));
  const size_t not_ready = nodes.size() - ready;
  if (ready == 0 && not_ready > 0) return Eviction::kNowhere;
  const bool many = not_ready > kFewNotReady && static_cast<double>(not_ready) >= kManyNotReady * static_cast<double>(nodes.size());
  return many && nodes.size() <= kFewNodes ? Eviction::kHalted : Eviction::kNormal;
}

bool drives_off(const corev1::Node& node) {
  return std::ranges::any_of(node.spec().taints(), [](const auto& taint) { return taint.effect() == kNoExecute && is_ours(taint); });
}

bool has_to_drive_off(const corev1::Node& node) {
  const std::string ready = readiness(node);
  return ready == "False" || ready == "Unknown";
}

std::optional<std::vector<corev1::Taint>> taints(const corev1::Node& node, bool drives_off, WallTime now) {
  std::vector<corev1::Taint> wanted;
  const auto add = [&](std::string_view key, std::string_view effect) {
    corev1::Taint& taint = wanted.emplace_back();
    taint.set_key(std::string(key));
    taint.set_effect(std::string(effect));
    if (effect == kNoExecute || key == kUnschedulable) *taint.mutable_timeadded() = to_time(now);
  };
  for (const Rule& rule : kRules)
    if (status_of(node, rule.condition) == rule.status) add(rule.taint, kNoSchedule);
  if (node.spec().unschedulable()) add(kUnschedulable, kNoSchedule);
  if (drives_off && has_to_drive_off(node)) add(readiness(node) == "False" ? kNotReady : kUnreachable, kNoExecute);

  std::vector<corev1::Taint> next;
  bool changed = false;
  for (const auto& taint : node.spec().taints()) {
    const auto same = [&](const auto& other) { return other.key() == taint.key() && other.effect() == taint.effect(); };
    const bool stays = !is_ours(taint) || std::ranges::any_of(wanted, same);
    std::erase_if(wanted, same);
    if (stays) next.push_back(taint);
    changed |= !stays;
  }
  if (wanted.empty() && !changed) return std::nullopt;
  next.insert(next.end(), wanted.begin(), wanted.end());
  return next;
}

}  // namespace stint::node_lifecycle
