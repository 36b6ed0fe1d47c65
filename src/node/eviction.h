// When the machine runs short of something, and whose pod ends for it: signals, thresholds, conditions of the node, the ranking of pods and
// the words of eviction, as upstream's pkg/kubelet/eviction has them. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "base/clock.h"
#include "node/node_context.h"
#include "node/pod_storage.h"

namespace stint {

// By the names of thresholds: "memory.available", …
namespace signal {
inline constexpr std::string_view kMemoryAvailable = "memory.available";
inline constexpr std::string_view kNodefsAvailable = "nodefs.available";
inline constexpr std::string_view kNodefsInodesFree = "nodefs.inodesFree";
inline constexpr std::string_view kImagefsAvailable = "imagefs.available";
inline constexpr std::string_view kImagefsInodesFree = "imagefs.inodesFree";
inline constexpr std::string_view kPidAvailable = "pid.available";
}  // namespace signal

struct Observation {
  int64_t available = 0, capacity = 0;  // bytes or numbers
};
using Observations = std::map<std::string, Observation, std::less<>>;  // by signal; one that is not known is left out

struct EvictionThreshold {  // one of both
  int64_t quantity = 0;
  double fraction = 0;  // of the capacity
};
using EvictionThresholds = std::map<std::string, EvictionThreshold, std::less<>>;  // by signal

EvictionThresholds default_eviction_thresholds();

// What the node is short of.
struct NodePressure {
  bool memory = false, disk = false, pids = false;
  bool operator==(const NodePressure&) const = default;
};

struct MetThreshold {
  std::string signal;
  int64_t quantity = 0;  // that should be there
  int64_t available = 0;
};
// Memory first: it is gone the fastest.
std::vector<MetThreshold> met_thresholds(const Observations& observations, const EvictionThresholds& thresholds);

// A condition stays for five minutes after its threshold was met last, so that the scheduler does not fill the node at once.
class PressureTracker {
 public:
  NodePressure observe(const std::vector<MetThreshold>& met, Duration now);  // steady

 private:
  std::map<std::string, Duration, std::less<>> met_at_;  // by signal
};

// Whether a pod is taken in.
std::optional<Refusal> refuse_under_pressure(const corev1::Pod& pod, const NodePressure& pressure);

// What a pod uses of what may be short.
struct PodUse {
  std::shared_ptr<const corev1::Pod> pod;
  std::map<std::string, int64_t> memory_bytes;  // by container that runs, their working sets
  int64_t processes = 0;
  PodStorage storage;
};
// Those to be evicted first come first. Critical pods are left out.
std::vector<PodUse> rank_victims(std::string_view signal, std::vector<PodUse> pods);

// "memory", "ephemeral-storage", "inodes" or "pids".
std::string_view resource_of_signal(std::string_view signal);
std::string eviction_message(const MetThreshold& met, const PodUse& victim);

}  // namespace stint
