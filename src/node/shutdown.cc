#include "node/shutdown.h"

#include <algorithm>

namespace stint {

std::vector<ShutdownGroup> shutdown_groups(const ShutdownGrace& grace) {
  const Duration critical = std::min(grace.critical, grace.total);
  return {{.priority = 0, .grace = grace.total - critical}, {.priority = kSystemCriticalPriority, .grace = critical}};
}

size_t shutdown_group_of(int64_t priority, const std::vector<ShutdownGroup>& groups) {
  size_t index = 0;  // lower ones than any go with the lowest
  while (index + 1 < groups.size() && groups[index + 1].priority <= priority) ++index;
  return index;
}

}  // namespace stint
