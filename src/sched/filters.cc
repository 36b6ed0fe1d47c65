#include "sched/filters.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/core/taints.h"

namespace stint {
namespace {

bool compare_numbers(const std::string& have, const std::string& want, bool greater) {
  const auto number = [](const std::string& text) -> std::optional<int64_t> {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  };
  const auto left = number(have), right = number(want);
  return left && right && (greater ? *left > *right : *left < *right);
}

bool matches(const corev1::NodeSelectorRequirement& requirement, const std::string* value) {
  const auto& values = requirement.values();
  const bool listed = value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
  const std::string& op = requirement.operator_();
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  if (op == "Exists") return value != nullptr;
  if (op == "DoesNotExist") return value == nullptr;
  if (value == nullptr || values.size() != 1) return false;
  return compare_numbers(*value, values[0], op == "Gt");
}

bool matches(const corev1::NodeSelectorTerm& term, const corev1::Node& node) {
  if (term.matchexpressions().empty() && term.matchfields().empty()) return false;  // an empty term selects nothing
  for (const auto& requirement : term.matchexpressions()) {
    auto label = node.metadata().labels().find(requirement.key());
    if (!matches(requirement, label == node.metadata().labels().end() ? nullptr : &label->second)) return false;
  }
  for (const auto& requirement : term.matchfields()) {
    if (requirement.key() != "metadata.name" || !matches(requirement, &node.metadata().name())) return false;
  }
  return true;
}

std::string untolerated_taint(const corev1::PodSpec& spec, const corev1::Node& node) {
  for (const auto& taint : node.spec().taints()) {
    if (taint.effect() != "NoSchedule" && taint.effect() != "NoExecute") continue;
    if (!tolerates(spec, taint)) return "node(s) had untolerated taint(s)";
  }
  return "";
}

bool port_is_free(const NodeLoad& load, const corev1::ContainerPort& port) {
  const std::string protocol = port.protocol().empty() ? "TCP" : port.protocol();
  const std::string address = port.hostip() == "0.0.0.0" ? "" : port.hostip();
  return std::none_of(load.host_ports.begin(), load.host_ports.end(), [&](const auto& taken) {
    const auto& [other_protocol, number, other_address] = taken.first;
    return other_protocol == protocol && number == port.hostport() &&
           (address.empty() || other_address.empty() || address == other_address);
  });
}

bool ports_are_free(const corev1::PodSpec& spec, const NodeLoad& load) {
  for (const auto& container : spec.containers())
    for (const auto& port : container.ports())
      if (port.hostport() != 0 && !port_is_free(load, port)) return false;
  return true;
}

void add_shortages(const corev1::Pod& pod, const NodeLoad& load, std::vector<std::string>& reasons) {
  const auto amount = [](const ResourceAmounts& amounts, const std::string& name) {
    auto found = amounts.find(name);
    return found == amounts.end() ? int64_t{0} : found->second;
  };
  const auto used = [&](const std::string& name) {
    auto found = load.used.find(name);
    return found == load.used.end() ? __int128{0} : found->second;
  };
  if (load.pods + 1 > amount(load.allocatable, "pods")) reasons.push_back("Too many pods");
  for (const auto& [name, wanted] : pod_requests(pod.spec())) {
    if (wanted > 0 && used(name) + wanted > amount(load.allocatable, name)) reasons.push_back("Insufficient " + name);
  }
}

}  // namespace

bool tolerates(const corev1::PodSpec& spec, const corev1::Taint& taint) {
  return std::any_of(spec.tolerations().begin(), spec.tolerations().end(),
                     [&](const auto& toleration) { return core::tolerates(toleration, taint); });
}

bool matches_node_affinity(const corev1::PodSpec& spec, const corev1::Node& node) {
  for (const auto& [key, value] : spec.nodeselector()) {
    auto label = node.metadata().labels().find(key);
    if (label == node.metadata().labels().end() || label->second != value) return false;
  }
  const auto& affinity = spec.affinity().nodeaffinity();
  if (!affinity.has_requiredduringschedulingignoredduringexecution()) return true;
  return matches_node_selector(affinity.requiredduringschedulingignoredduringexecution(), node);
}

bool matches_node_selector(const corev1::NodeSelector& selector, const corev1::Node& node) {
  const auto& terms = selector.nodeselectorterms();
  return std::any_of(terms.begin(), terms.end(), [&](const auto& term) { return matches(term, node); });
}

std::vector<std::string> reasons_against(const corev1::Pod& pod, const NodeLoad& load) {
  const auto& spec = pod.spec();
  corev1::Taint unschedulable;
  unschedulable.set_key("node.kubernetes.io/unschedulable");
  unschedulable.set_effect("NoSchedule");
  if (load.node->spec().unschedulable() && !tolerates(spec, unschedulable)) return {"node(s) were unschedulable"};
  if (auto taint = untolerated_taint(spec, *load.node); !taint.empty()) return {taint};
  if (!matches_node_affinity(spec, *load.node)) return {"node(s) didn't match Pod's node affinity/selector"};
  if (!ports_are_free(spec, load)) return {"node(s) didn't have free ports for the requested pod ports"};
  std::vector<std::string> reasons;
  add_shortages(pod, load, reasons);
  return reasons;
}

}  // namespace stint
