// Which pods the pod garbage collector removes. Pure; any thread. Source: upstream's pkg/controller/podgc.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "api/object.h"

namespace stint::podgc {

// Ended pods kept in the whole cluster; past them the oldest go, evicted ones first.
inline constexpr size_t kTerminatedPodsMax = 12500;

struct Victim {
  std::shared_ptr<const corev1::Pod> pod;
  bool set_failed_first = false;  // it never reached a final phase
  bool disruption = false;        // its node is gone: condition DisruptionTarget
};

// `node_gone`: the node of that name has been missing for the whole quarantine.
std::vector<Victim> plan(std::span<const std::shared_ptr<const corev1::Pod>> pods, const std::function<bool(const std::string&)>& node_gone,
                         size_t terminated_max = kTerminatedPodsMax);

}  // namespace stint::podgc
