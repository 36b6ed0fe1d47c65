#include "control/podgc/plan.h"

#include <algorithm>
#include <tuple>

namespace stint::podgc {
namespace {

bool has_ended(const corev1::Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

}  // namespace

std::vector<Victim> plan(std::span<const std::shared_ptr<const corev1::Pod>> pods, const std::function<bool(const std::string&)>& node_gone,
                         size_t terminated_max) {
  std::vector<Victim> victims;
  std::vector<std::shared_ptr<const corev1::Pod>> ended;
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
    std::ranges::sort(ended, {}, [](const auto& pod) {
      return std::tuple(pod->status().reason() != "Evicted", pod->metadata().creationtimestamp().seconds(), object_key(*pod));
    });
    for (size_t i = 0; i < ended.size() - terminated_max; ++i) victims.push_back({.pod = ended[i]});
  }
  return victims;
}

}  // namespace stint::podgc
