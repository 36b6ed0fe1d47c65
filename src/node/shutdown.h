// Which pods end first when the node goes down, and how long they have, as upstream's graceful node shutdown has it: the critical ones go
// on until the others are gone. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace stint {

struct ShutdownGrace {
  Duration total{0};     // of all pods together; 0: pods go on
  Duration critical{0};  // the part of it that is left to critical pods alone
};

struct ShutdownGroup {
  int64_t priority = 0;  // of this and higher ones, up to the next group's
  Duration grace{0};
};

inline constexpr int64_t kSystemCriticalPriority = 2'000'000'000;

inline constexpr std::string_view kShutdownReason = "Terminated";
inline constexpr std::string_view kShutdownMessage = "Pod was terminated in response to imminent node shutdown.";
inline constexpr std::string_view kShutdownRefusalReason = "NodeShutdown";
inline constexpr std::string_view kShutdownRefusal = "Pod was rejected as the node is shutting down.";

// In the order of their ends.
std::vector<ShutdownGroup> shutdown_groups(const ShutdownGrace& grace);
// The index of the one that a pod of this priority belongs to. REQUIRES: `groups` is not empty.
size_t shutdown_group_of(int64_t priority, const std::vector<ShutdownGroup>& groups);

}  // namespace stint
