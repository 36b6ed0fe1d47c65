#include "os/namespaces.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/crash_point.h"
#include "os/descriptor.h"
#include "os/mounts.h"

namespace stint::os {
namespace {

// A thread has namespaces of its own; one that has moved must not go back to other work, so it ends here.
Result<void> in_own_thread(const std::function<Result<void>()>& work) {
  Result<void> result;
  std::thread([&] { result = work(); }).join();
  return result;
}

Result<void> pin(const std::string& kind, const std::string& path) {
  TRY(Descriptor file, open_path(path, O_CREAT | O_RDONLY | O_EXCL, 0400));
  return bind_mount("/proc/thread-self/ns/" + kind, path, false);
}

}  // namespace

Result<void> pin_new_namespaces(const std::string& network_path, const std::string& ipc_path) {
  auto pinned = in_own_thread([&]() -> Result<void> {
    if (unshare(CLONE_NEWNET | CLONE_NEWIPC) != 0) return fail(errno_error("new network namespace", errno));
    TRY_VOID(pin("net", network_path));
    return pin("ipc", ipc_path);
  });
  if (!pinned) {
    for (const std::string& path : {network_path, ipc_path}) {
      if (auto undone = unpin_namespace(path); !undone) pinned.error().message += "; " + undone.error().message;
    }
  }
  return pinned;
}

Result<void> unpin_namespace(const std::string& path) {
  TRY_VOID(unmount(path));
  if (unlink(path.c_str()) == 0) {
    crash_point("removed", path);
    return {};
  }
  if (errno == ENOENT) return {};
  return fail(errno_error("remove " + path, errno));
}

bool is_pinned_namespace(const std::string& path) {
  struct statfs info{};
  return statfs(path.c_str(), &info) == 0 && info.f_type == NSFS_MAGIC;
}

Result<void> in_pinned_namespaces(const std::vector<std::string>& paths, const std::function<Result<void>()>& work) {
  return in_own_thread([&]() -> Result<void> {
    for (const std::string& path : paths) {
      TRY(Descriptor file, open_path(path, O_RDONLY));
      if (setns(file.get(), 0) != 0) return fail(errno_error("enter " + path, errno));
    }
    return work();
  });
}

}  // namespace stint::os
