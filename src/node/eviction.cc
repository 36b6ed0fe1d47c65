#include "node/eviction.h"

#include <algorithm>
#include <tuple>

#include "api/quantity.h"
#include "node/container_record.h"
#include "node/shutdown.h"

namespace stint {
namespace {

constexpr Duration kTransition = std::chrono::minutes(5);
constexpr std::string_view kMemoryPressureTaint = "node.kubernetes.io/memory-pressure";

// In the order in which shortages are looked after.
constexpr std::string_view kSignals[] = {signal::kMemoryAvailable,  signal::kNodefsAvailable,   signal::kNodefsInodesFree,
                                         signal::kImagefsAvailable, signal::kImagefsInodesFree, signal::kPidAvailable};

int64_t priority_of(const corev1::Pod& pod) { return pod.spec().has_priority() ? pod.spec().priority() : 0; }
bool is_critical(const corev1::Pod& pod) { return priority_of(pod) >= kSystemCriticalPriority; }

bool tolerates_memory_pressure(const corev1::PodSpec& spec) {
  return std::ranges::any_of(spec.tolerations(), [](const corev1::Toleration& each) {
    const bool effect = each.effect().empty() || each.effect() == "NoSchedule";
    const bool all = each.key().empty() && each.operator_() == "Exists";
    return effect && (all || (each.key() == kMemoryPressureTaint && (each.operator_() == "Exists" || each.value().empty())));
  });
}

int64_t request_of(const corev1::Pod& pod, std::string_view resource) {
  const ResourceAmounts requests = pod_requests(pod.spec());
  const auto found = requests.find(resource);
  return found == requests.end() ? 0 : found->second;
}

int64_t memory_of(const PodUse& use) {
  int64_t sum = 0;
  for (const auto& [name, bytes] : use.memory_bytes) sum += bytes;
  return sum;
}

// What of the resource a pod uses, and asked for; nobody asks for inodes or processes.
struct Claim {
  int64_t used = 0, requested = 0;
};
Claim claim_of(const PodUse& use, std::string_view resource) {
  if (resource == "memory") return {memory_of(use), request_of(*use.pod, resource)};
  if (resource == "ephemeral-storage") return {use.storage.total.bytes, request_of(*use.pod, resource)};
  if (resource == "inodes") return {use.storage.total.inodes, 0};
  return {use.processes, 0};
}

// Of one container; nothing for what is not told of each.
std::optional<int64_t> container_use(const PodUse& use, const std::string& name, std::string_view resource) {
  if (resource == "memory") {
    const auto found = use.memory_bytes.find(name);
    return found == use.memory_bytes.end() ? std::nullopt : std::optional(found->second);
  }
  if (resource == "ephemeral-storage") return use.storage.of_container(name).bytes;
  return std::nullopt;
}

}  // namespace

EvictionThresholds default_eviction_thresholds() {
  constexpr int64_t kMemory = int64_t{100} << 20;
  return {{std::string(signal::kMemoryAvailable), {.quantity = kMemory}},
          {std::string(signal::kNodefsAvailable), {.fraction = 0.10}},
          {std::string(signal::kNodefsInodesFree), {.fraction = 0.05}},
          {std::string(signal::kImagefsAvailable), {.fraction = 0.15}},
          {std::string(signal::kImagefsInodesFree), {.fraction = 0.05}}};
}

std::vector<MetThreshold> met_thresholds(const Observations& observations, const EvictionThresholds& thresholds) {
  std::vector<MetThreshold> met;
  for (const std::string_view name : kSignals) {
    const auto observed = observations.find(name);
    const auto threshold = thresholds.find(name);
    if (observed == observations.end() || threshold == thresholds.end()) continue;
    const auto& [quantity, fraction] = threshold->second;
    const auto wanted = fraction > 0 ? static_cast<int64_t>(fraction * static_cast<double>(observed->second.capacity)) : quantity;
    if (observed->second.available < wanted)
      met.push_back({.signal = std::string(name), .quantity = wanted, .available = observed->second.available});
  }
  return met;
}

NodePressure PressureTracker::observe(const std::vector<MetThreshold>& met, Duration now) {
  for (const MetThreshold& each : met) met_at_[each.signal] = now;
  std::erase_if(met_at_, [now](const auto& entry) { return now - entry.second >= kTransition; });
  NodePressure pressure;
  for (const auto& [name, at] : met_at_) {
    const std::string_view resource = resource_of_signal(name);
    (resource == "memory" ? pressure.memory : resource == "pids" ? pressure.pids : pressure.disk) = true;
  }
  return pressure;
}

std::optional<Refusal> refuse_under_pressure(const corev1::Pod& pod, const NodePressure& pressure) {
  if (pressure == NodePressure{} || is_critical(pod)) return std::nullopt;
  const bool memory_alone = !pressure.disk && !pressure.pids;
  if (memory_alone && (pod.status().qosclass() != "BestEffort" || tolerates_memory_pressure(pod.spec()))) return std::nullopt;
  std::string names;
  for (const auto& [is, name] :
       {std::pair{pressure.disk, "DiskPressure"}, std::pair{pressure.memory, "MemoryPressure"}, std::pair{pressure.pids, "PIDPressure"}})
    if (is) names += (names.empty() ? "" : " ") + std::string(name);
  return Refusal{std::string(kEvicted), "The node had condition: [" + names + "]. "};
}

std::vector<PodUse> rank_victims(std::string_view signal, std::vector<PodUse> pods) {
  std::erase_if(pods, [](const PodUse& use) { return is_critical(*use.pod); });
  const std::string_view resource = resource_of_signal(signal);
  const bool asks = resource == "memory" || resource == "ephemeral-storage";
  std::ranges::sort(pods, {}, [&](const PodUse& use) {
    const Claim claim = claim_of(use, resource);
    const int64_t excess = claim.used - claim.requested;
    return std::tuple(asks && excess > 0 ? 0 : 1, priority_of(*use.pod), -excess, use.pod->metadata().uid());
  });
  return pods;
}

std::string_view resource_of_signal(std::string_view signal) {
  if (signal == signal::kMemoryAvailable) return "memory";
  if (signal == signal::kPidAvailable) return "pids";
  return signal.ends_with(".inodesFree") ? "inodes" : "ephemeral-storage";
}

std::string eviction_message(const MetThreshold& met, const PodUse& victim) {
  const std::string resource(resource_of_signal(met.signal));
  const bool in_bytes = resource == "memory" || resource == "ephemeral-storage";
  const auto text = [in_bytes](int64_t amount) { return in_bytes ? bytes_quantity(amount) : std::to_string(amount); };
  std::string message = "The node was low on resource: " + resource + ". Threshold quantity: " + text(met.quantity) +
                        ", available: " + text(met.available) + ". ";
  for (const auto& container : victim.pod->spec().containers()) {
    const auto used = container_use(victim, container.name(), resource);
    const auto& requests = container.resources().requests();
    const auto found = requests.find(resource);
    const std::string requested = found == requests.end() ? "0" : found->second.string();
    if (!used || *used <= quantity_value(requested).value_or(0)) continue;
    message += "Container " + container.name() + " was using " + bytes_quantity(*used) + ", request is " + requested +
               ", has larger consumption of " + resource + ". ";
  }
  return message;
}

}  // namespace stint
