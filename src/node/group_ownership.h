// A volume's files given to the pod's group (fsGroup). Blocking; any thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace stint {

// Group, group permissions and setgid, so that new files belong to the group too; without write permission if `read_only`. Never follows a
// link, not even one that a container puts in a directory's place during the walk.
Result<void> give_to_group(const std::string& root, gid_t group, bool read_only);

}  // namespace stint
