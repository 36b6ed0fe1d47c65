#include "control/podgc/plan.h"

#include <algorithm>
#include <tuple>

namespace stint::podgc {
namespace {

using PodPtr = std::shared_ptr<const corev1::Pod>;

bool has_ended(const corev1::Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

bool goes_before(const PodPtr& a, const PodPtr& b) {
  const auto order = [](const corev1::Pod& pod) {
    const auto& metadata = pod.metadata();
    return std::tuple(pod.status().reason() != "Evicted", metadata.creationtimestamp().seconds(), std::string_view(metadata.namespace_()),
                      std::string_view(metadata.name()));
  };
  return order(*a) < order(*b);
}

}  // namespace

std::vector<Victim> plan(std::span<const PodPtr> pods, const std::function<bool(const std::string&)>& node_gone, size_t terminated_max) {
  std::vector<Victim> victims;
  std::vector<PodPtr> ended;
  for (const auto& pod : pods) {
    if (!pod->spec().nodename().empty() && node_gone(pod->spec().nodename())) {
      victims.push_back({.pod = pod, .set_failed_first = !has_ended(*pod), .disruption = true});
    } else if (pod->spec().nodename().empty() && is_deleting(*pod)) {
      victims.push_back({.pod = pod, .set_failed_first = !has_ended(*pod)});
    } else if (has_ended(*pod) && !is_deleting(*pod)) {
      ended.push_back(pod);
    }
  }
  if (ended.size() > terminated_max) {
    const auto last = ended.begin() + static_cast<std::ptrdiff_t>(ended.size() - terminated_max);
    std::nth_element(ended.begin(), last, ended.end(), goes_before);
    std::sort(ended.begin(), last, goes_before);
    for (auto pod = ended.begin(); pod != last; ++pod) victims.push_back({.pod = std::move(*pod)});
  }
  return victims;
}

}  // namespace stint::podgc
