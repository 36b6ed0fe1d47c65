// Mounts: overlay, bind, tmpfs; found again and undone by prefix. Blocking; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace stint::os {

struct OverlayMount {
  std::vector<std::string> lower_dirs;  // the lowest first
  std::string upper_dir, work_dir;      // on one file system; "": read-only, and then there are two lower ones at least
  std::string target;
};

// The steps of mounting an overlay as raw system calls over prepared bytes, so that they may run between vfork and exec, where nothing may
// be allocated.
class PreparedOverlay {
 public:
  explicit PreparedOverlay(const OverlayMount& mount);
  // 0, or an errno. Async-signal-safe. May change the working directory.
  int mount_raw() const;
  // The same on Linux 6.7 and later alone, and without changing the working directory.
  int mount_by_file_system_context() const;

 private:
  OverlayMount parts_;         // lower_dirs highest first
  std::string common_parent_;  // of the lower directories, for the one-page option string of mount(2)
  std::string options_;
};

// In this mount namespace.
Result<void> mount_overlay(const OverlayMount& mount);
Result<void> bind_mount(const std::string& source, const std::string& target, bool read_only);
Result<void> mount_tmpfs(const std::string& target, const std::string& options);
// Detaches at once, whoever still uses it; fine if nothing is mounted there.
Result<void> unmount(const std::string& target);

// Mount points at or under the prefix in this mount namespace, the deepest and latest first.
Result<std::vector<std::string>> mounts_under(const std::string& prefix);
Result<void> unmount_under(const std::string& prefix);

}  // namespace stint::os
