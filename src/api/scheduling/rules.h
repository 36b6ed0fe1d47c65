// scheduling.k8s.io/v1 PriorityClass.
#pragma once

#include "api/kind.h"

namespace stint::scheduling {

extern const Rules kPriorityClassRules;

// The classes that every system has.
struct SystemClass {
  std::string_view name;
  int32_t value;
  std::string_view description;
};
inline constexpr SystemClass kSystemClasses[] = {
    {"system-node-critical", 2'000'001'000, "Used for system critical pods that must not be moved from their current node."},
    {"system-cluster-critical", 2'000'000'000,
     "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."},
};
inline constexpr int32_t kUserPriorityMax = 1'000'000'000;

}  // namespace stint::scheduling
