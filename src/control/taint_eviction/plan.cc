#include "control/taint_eviction/plan.h"

#include <algorithm>

#include "api/core/taints.h"
#include "api/object.h"

namespace stint::taint_eviction {
namespace {

constexpr std::string_view kNoExecute = "NoExecute";

}  // namespace

bool evicts(const corev1::NodeSpec& node) {
  return std::ranges::any_of(node.taints(), [](const auto& taint) { return taint.effect() == kNoExecute; });
}

// Each taint is tolerated by the first toleration that fits; the shortest of their times counts.
std::optional<Duration> time_left(const corev1::PodSpec& pod, const corev1::NodeSpec& node) {
  std::optional<Duration> shortest;
  for (const auto& taint : node.taints()) {
    if (taint.effect() != kNoExecute) continue;
    const auto used = std::ranges::find_if(pod.tolerations(), [&](const auto& each) { return core::tolerates(each, taint); });
    if (used == pod.tolerations().end()) return Duration{0};
    if (!used->has_tolerationseconds()) continue;
    const Duration time = span_of_seconds(std::max<int64_t>(used->tolerationseconds(), 0));
    shortest = shortest ? std::min(*shortest, time) : time;
  }
  return shortest;
}

}  // namespace stint::taint_eviction
