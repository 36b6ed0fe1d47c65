// The device files of this machine. Blocking; any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace stint::os {

struct DeviceNode {
  std::string path;
  bool is_block = false;
  unsigned major = 0, minor = 0;
  mode_t mode = 0;  // permissions only
  uid_t uid = 0;
  gid_t gid = 0;
};

// Those under /dev, without what is a file system of its own there (pts, shm, mqueue, hugepages), descriptors and the console: a container
// has its own of these.
Result<std::vector<DeviceNode>> host_devices(const std::string& root = "/dev");

}  // namespace stint::os
