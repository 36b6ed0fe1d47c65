#include "node/admission.h"

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
  ResourceAmounts used;
  for (const auto* other : others)
    for (const auto& [name, amount] : pod_requests(other->spec())) used[name] += amount;
  for (const auto& [name, amount] : requests) {
    if (amount > 0 && used[name] + amount > capacity(name))
      return Refusal{"OutOf" + name, shortage(name, amount, used[name], capacity(name))};
  }
  return std::nullopt;
}

}  // namespace stint
