#include "os/mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/crash_point.h"
#include "os/file.h"

namespace stint::os {
namespace {

constexpr size_t kMountInfoBytesMax = 16 << 20;
// The container's files are thrown away with it, so what it syncs need not reach the disk. Since Linux 5.10; tried first.
constexpr char kVolatile[] = "volatile";

std::string common_parent(const std::vector<std::string>& paths) {
  std::string parent = std::filesystem::path(paths.front()).parent_path();
  const bool shared =
      std::all_of(paths.begin(), paths.end(), [&](const std::string& path) { return std::filesystem::path(path).parent_path() == parent; });
  return shared ? parent : "";
}

// Mount points in mountinfo have space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view field) {
  std::string text;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size()) {
      text += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
      i += 3;
    } else {
      text += field[i];
    }
  }
  return text;
}

}  // namespace

PreparedOverlay::PreparedOverlay(const OverlayMount& mount) : parts_(mount) {
  std::reverse(parts_.lower_dirs.begin(), parts_.lower_dirs.end());
  common_parent_ = parts_.lower_dirs.empty() ? "" : common_parent(parts_.lower_dirs);
  options_ = "lowerdir=";
  for (const std::string& lower : parts_.lower_dirs) {
    if (options_.back() != '=') options_ += ':';
    options_ += common_parent_.empty() ? lower : lower.substr(common_parent_.size() + 1);
  }
  if (!parts_.upper_dir.empty()) options_ += ",upperdir=" + parts_.upper_dir + ",workdir=" + parts_.work_dir;
}

// Takes any number of layers of any length, but needs "lowerdir+" of Linux 6.7.
int PreparedOverlay::mount_by_file_system_context() const {
  const int context = static_cast<int>(syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC));
  if (context < 0) return errno;
  auto set = [&](const char* key, const std::string& value) {
    return syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
  };
  bool ok = true;
  for (const std::string& lower : parts_.lower_dirs) ok = ok && set("lowerdir+", lower);
  if (!parts_.upper_dir.empty()) {
    ok = ok && set("upperdir", parts_.upper_dir) && set("workdir", parts_.work_dir);
    ok = ok && syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, kVolatile, nullptr, 0) == 0;
  }
  ok = ok && syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  const int tree = ok ? static_cast<int>(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0)) : -1;
  ok = tree >= 0 && syscall(SYS_move_mount, tree, "", AT_FDCWD, parts_.target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0;
  const int code = ok ? 0 : errno;
  if (tree >= 0) close(tree);
  close(context);
  return code;
}

int PreparedOverlay::mount_raw() const {
  if (mount_by_file_system_context() == 0) return 0;
  if (!common_parent_.empty() && chdir(common_parent_.c_str()) != 0) return errno;
  return ::mount("overlay", parts_.target.c_str(), "overlay", 0, options_.c_str()) == 0 ? 0 : errno;
}

Result<void> mount_overlay(const OverlayMount& mount) {
  if (PreparedOverlay(mount).mount_by_file_system_context() == 0) return {};
  // Whole paths, since the working directory is every thread's: as many layers as a page of options holds.
  std::string options = "lowerdir=";
  for (auto lower = mount.lower_dirs.rbegin(); lower != mount.lower_dirs.rend(); ++lower)
    options += (options.back() == '=' ? "" : ":") + *lower;
  if (!mount.upper_dir.empty()) options += ",upperdir=" + mount.upper_dir + ",workdir=" + mount.work_dir;
  if (::mount("overlay", mount.target.c_str(), "overlay", mount.upper_dir.empty() ? MS_RDONLY : 0, options.c_str()) == 0) return {};
  return fail(errno_error("mount an overlay at " + mount.target, errno));
}

Result<void> bind_mount(const std::string& source, const std::string& target, bool read_only) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return fail(errno_error("bind " + source + " to " + target, errno));
  }
  if (read_only && ::mount(nullptr, target.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    const int code = errno;
    umount2(target.c_str(), MNT_DETACH);
    return fail(errno_error("make " + target + " read-only", code));
  }
  crash_point("bound", target);
  return {};
}

Result<void> mount_tmpfs(const std::string& target, const std::string& options) {
  if (::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    return fail(errno_error("mount tmpfs at " + target, errno));
  }
  crash_point("mounted", target);
  return {};
}

Result<void> unmount(const std::string& target) {
  if (umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
    crash_point("unmounted", target);
    return {};
  }
  if (errno == EINVAL || errno == ENOENT) return {};
  return fail(errno_error("unmount " + target, errno));
}

Result<std::vector<std::string>> mounts_under(const std::string& prefix) {
  TRY(const std::string table, read_file("/proc/self/mountinfo", kMountInfoBytesMax));
  std::vector<std::string> found;
  size_t line_at = 0;
  while (line_at < table.size()) {
    const size_t line_end = std::min(table.find('\n', line_at), table.size());
    const std::string_view line(table.data() + line_at, line_end - line_at);
    line_at = line_end + 1;
    size_t at = 0;
    for (int field = 0; field < 4 && at != std::string_view::npos; ++field) at = line.find(' ', at + 1);
    if (at == std::string_view::npos) continue;
    const std::string point = unescape(line.substr(at + 1, line.find(' ', at + 1) - at - 1));
    if (point == prefix || point.starts_with(prefix + "/")) found.push_back(point);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

Result<void> unmount_under(const std::string& prefix) {
  TRY(const std::vector<std::string> points, mounts_under(prefix));
  for (const std::string& point : points) TRY_VOID(unmount(point));
  return {};
}

}  // namespace stint::os
