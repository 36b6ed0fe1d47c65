#include "os/devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "os/file.h"

namespace stint::os {
namespace {

constexpr std::array<std::string_view, 10> kLeftOut = {"pts",       "ptmx",    "shm",  "fd",          "mqueue",
                                                       "hugepages", "console", ".lxc", ".lxd-mounts", ".udev"};
constexpr int kDepthMax = 8;

Result<void> collect(const std::string& directory, int depth, std::vector<DeviceNode>& nodes) {
  TRY(const auto names, list_directory(directory));
  for (const std::string& name : names) {
    if (std::ranges::find(kLeftOut, name) != kLeftOut.end()) continue;
    const std::string path = directory + "/" + name;
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) continue;  // gone meanwhile
    if (S_ISDIR(info.st_mode) && depth < kDepthMax) TRY_VOID(collect(path, depth + 1, nodes));
    if (!S_ISBLK(info.st_mode) && !S_ISCHR(info.st_mode)) continue;
    nodes.push_back({.path = path,
                     .is_block = S_ISBLK(info.st_mode),
                     .major = major(info.st_rdev),
                     .minor = minor(info.st_rdev),
                     .mode = info.st_mode & 07777,
                     .uid = info.st_uid,
                     .gid = info.st_gid});
  }
  return {};
}

}  // namespace

Result<std::vector<DeviceNode>> host_devices(const std::string& root) {
  std::vector<DeviceNode> nodes;
  TRY_VOID(collect(root, 0, nodes));
  return nodes;
}

}  // namespace stint::os
