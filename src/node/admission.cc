#include "node/admission.h"

#include <algorithm>
#include <set>

namespace stint {
namespace {

std::string shortage(std::string_view resource, int64_t requested, int64_t used, int64_t capacity) {
  return "Node didn't have enough resource: " + std::string(resource) + ", requested: " + std::to_string(requested) +
         ", used: " + std::to_string(used) + ", capacity: " + std::to_string(capacity);
}

}  // namespace

std::optional<Refusal> refuse_pod(const corev1::Pod& pod, std::span<const corev1::Pod* const> others, const ResourceAmounts& allocatable) {
  const auto capacity = [&](std::string_view name) {
    auto found = allocatable.find(name);
    return found == allocatable.end() ? int64_t{0} : found->second;
  };
  const auto count = static_cast<int64_t>(others.size());
  if (count + 1 > capacity("pods")) return Refusal{"OutOfpods", shortage("pods", 1, count, capacity("pods"))};

  const ResourceAmounts requests = pod_requests(pod.spec());
  if (std::ranges::none_of(requests, [](const auto& request) { return request.second > 0; })) return std::nullopt;
  ResourceAmounts used;
  for (const auto* other : others) add_amounts(used, pod_requests(other->spec()));
  for (const auto& [name, amount] : requests) {
    if (amount > 0 && sum_of_amounts(used[name], amount) > capacity(name))
      return Refusal{"OutOf" + name, shortage(name, amount, used[name], capacity(name))};
  }
  return std::nullopt;
}

std::string ignored_features(const corev1::PodSpec& spec) {
  std::set<std::string> found;
  for (const auto* list : {&spec.initcontainers(), &spec.containers()}) {
    for (const auto& container : *list) {
      if (container.has_livenessprobe() || container.has_readinessprobe() || container.has_startupprobe()) found.insert("probes");
      if (container.lifecycle().has_poststart()) found.insert("postStart hooks");
      if (container.lifecycle().has_prestop() && !container.lifecycle().prestop().has_sleep())
        found.insert("preStop hooks other than sleep");
      for (const auto& rule : container.restartpolicyrules())
        if (rule.action() == "RestartAllContainers") found.insert("RestartAllContainers (the container alone is restarted)");
    }
  }
  if (spec.hostpid() || spec.hostipc() || spec.shareprocessnamespace()) found.insert("hostPID, hostIPC and shareProcessNamespace");
  if (spec.imagepullsecrets_size() > 0) found.insert("imagePullSecrets");
  std::string text;
  for (const auto& feature : found) text += (text.empty() ? "" : ", ") + feature;
  return text.empty() ? text : "This node does not know and ignores: " + text;
}

}  // namespace stint
