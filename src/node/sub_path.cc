#include "node/sub_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "os/descriptor.h"
#include "os/mounts.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

std::string by_descriptor(const os::Descriptor& opened) { return "/proc/self/fd/" + std::to_string(opened.get()); }

// New files in it belong to the volume's group, where the volume says so.
Result<void> make_directory(int parent, const std::string& name, mode_t volume_mode) {
  if (mkdirat(parent, name.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return fail(errno_error("mkdir " + name, errno));
  }
  TRY(const os::Descriptor made, os::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (fchmod(made.get(), volume_mode & 02777) != 0) return fail(errno_error("chmod " + name, errno));
  return {};
}

Result<os::Descriptor> make_beneath(int root, const fs::path& sub) {
  struct stat volume{};
  if (fstat(root, &volume) != 0) return fail(errno_error("stat the volume", errno));
  fs::path done = ".";
  for (const fs::path& name : sub) {
    if (name.empty() || name == ".") continue;
    TRY(const os::Descriptor parent, os::open_beneath(root, done, O_PATH | O_DIRECTORY));
    TRY_VOID(make_directory(parent.get(), name, volume.st_mode));
    done /= name;
  }
  return os::open_beneath(root, done, O_PATH);
}

Result<os::Descriptor> open_sub_path(const std::string& volume, const std::string& sub) {
  const fs::path path = sub;
  if (path.is_absolute()) return fail(Reason::kInvalid, "subPath \"" + sub + "\" must not be absolute");
  for (const fs::path& name : path)
    if (name == "..") return fail(Reason::kInvalid, "subPath \"" + sub + "\" must not contain '..'");
  TRY(const os::Descriptor root, os::open_path(volume, O_PATH | O_DIRECTORY));
  auto found = os::open_beneath(root.get(), sub, O_PATH);
  if (found || found.error().reason != Reason::kNotFound) return found;
  return make_beneath(root.get(), path);
}

// An empty file or directory to bind `opened` over.
Result<void> make_target(const os::Descriptor& opened, const fs::path& target) {
  struct stat info{};
  if (fstat(opened.get(), &info) != 0) return fail(errno_error("stat what to bind at " + target.string(), errno));
  std::error_code error;
  fs::remove(target, error);  // of the other type, perhaps; what is not empty stays, and fails below
  fs::create_directories(S_ISDIR(info.st_mode) ? target : target.parent_path(), error);
  if (error) return fail(errno_error("mkdir for " + target.string(), error.value()));
  if (!S_ISDIR(info.st_mode)) TRY_VOID(os::open_path(target, O_CREAT | O_WRONLY | O_NOFOLLOW, 0640));
  return {};
}

}  // namespace

Result<std::string> bind_sub_path(const std::string& volume, const std::string& sub, const std::string& target) {
  TRY(const os::Descriptor opened, open_sub_path(volume, sub));
  if (geteuid() != 0) {
    std::error_code error;
    const fs::path real = fs::read_symlink(by_descriptor(opened), error);
    if (error) return fail(errno_error("resolve " + sub, error.value()));
    return real.string();
  }
  TRY_VOID(os::unmount(target));
  TRY_VOID(make_target(opened, target));
  TRY_VOID(os::bind_mount(by_descriptor(opened), target, false));
  return target;
}

Result<void> unbind_sub_paths(const std::string& pod_root) {
  const fs::path root = fs::path(pod_root) / "volume-subpaths";
  std::error_code error;
  if (!fs::exists(root, error)) return {};
  for (auto at = fs::recursive_directory_iterator(root, error); !error && at != fs::end(at); at.increment(error)) {
    if (at.depth() != 2) continue;
    at.disable_recursion_pending();  // the volumes themselves begin here
    TRY_VOID(os::unmount(at->path()));
  }
  if (error) return fail(errno_error("list " + root.string(), error.value()));
  return {};
}

}  // namespace stint
