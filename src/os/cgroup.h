// Control groups, version 2 or the version 1 hierarchies, as found on this machine. Paths here are relative to the root: "stint/1a2b/pod7".
// Blocking; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/usage.h"

namespace stint::os {

enum class CgroupVersion { kV1, kV2 };

struct CgroupResources {     // 0: not set
  int64_t cpu_shares = 0;    // v1 shares, 2…262144
  int64_t cpu_quota_us = 0;  // per 100 ms period
  int64_t memory_bytes_max = 0;
  int64_t pids_max = 0;
};

inline constexpr int64_t kCpuPeriodUs = 100'000;
// The v2 weight (1…10000) that goes with v1 shares, as crun and runc of this generation compute it.
int64_t cpu_weight_of_shares(int64_t shares);

class CgroupTree {
 public:
  // Version 2 if `root` is such a mount, else the version 1 controllers mounted under it; kNotFound, naming what is missing, if neither.
  static Result<CgroupTree> detect(const std::string& root = "/sys/fs/cgroup");

  CgroupVersion version() const { return version_; }
  // A version 2 mount next to version 1 hierarchies ("hybrid"), "" if none. Container runtimes that refuse such a mix must not see it.
  const std::string& hybrid_mount() const { return hybrid_mount_; }

  // Makes the group with its parents; existing ones are fine. In version 2 the controllers are delegated down to it.
  Result<void> create(const std::string& group) const;
  // Makes a group for processes, in a group that create() made, and returns the files by which a process enters it, one in each hierarchy.
  Result<std::vector<std::string>> create_leaf(const std::string& group) const;
  Result<void> set_limits(const std::string& group, const CgroupResources& resources) const;
  // Of memory and processor alone.
  CgroupResources limits(const std::string& group) const;
  // Kills what is left inside, then removes the group and all below it, in every hierarchy. Fine if it is not there. kConflict if processes
  // are still dying: ask again.
  Result<void> remove(const std::string& group) const;
  // How many processes the kernel killed in it for want of memory.
  Result<int64_t> oom_kills(const std::string& group) const;
  // Of the group and all below it.
  Result<Usage> usage(const std::string& group) const;
  // Processes in the group and all below it.
  Result<std::vector<int>> processes(const std::string& group) const;
  Result<std::vector<std::string>> children(const std::string& group) const;

 private:
  std::string directory(std::string_view controller, const std::string& group) const;
  Result<void> write_limit(std::string_view controller, const std::string& group, const std::string& file, const std::string& value) const;
  Result<void> delegate(const std::string& directory) const;

  CgroupVersion version_ = CgroupVersion::kV2;
  std::string root_;
  std::string hybrid_mount_;
  std::map<std::string, std::string, std::less<>> hierarchies_;  // v1: controller or named hierarchy → mount point
};

}  // namespace stint::os
