#include "node/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "api/quantity.h"
#include "node/atomic_files.h"
#include "node/group_ownership.h"
#include "node/sub_path.h"
#include "os/descriptor.h"
#include "os/file.h"
#include "os/mounts.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

Result<void> make_dirs(const fs::path& path, mode_t mode) {
  TRY_VOID(os::make_directories(path));
  if (chmod(path.c_str(), mode) != 0) return fail(errno_error("chmod " + path.string(), errno));
  return {};
}

bool is_mount_point(const fs::path& path) {
  struct stat here{}, above{};
  return lstat(path.c_str(), &here) == 0 && lstat(path.parent_path().c_str(), &above) == 0 && here.st_dev != above.st_dev;
}

// Without root there is none, nor containers: the files then lie on the disk, where nobody else may read them.
Result<void> mount_tmpfs(const fs::path& path, const std::string& options) {
  if (is_mount_point(path) || geteuid() != 0) return {};
  return os::mount_tmpfs(path, options);
}

Result<void> set_up_empty_dir(const corev1::EmptyDirVolumeSource& source, const fs::path& path) {
  TRY_VOID(make_dirs(path, 0777));
  if (source.medium().empty()) return {};
  if (source.medium() != "Memory") return fail(Reason::kInvalid, "this node has no emptyDir medium \"" + source.medium() + "\"");
  std::string options = "mode=0777";
  if (auto size = quantity_value(source.sizelimit()); source.has_sizelimit() && size && *size > 0)
    options += ",size=" + std::to_string(*size);
  return mount_tmpfs(path, options);
}

std::string_view type_of(mode_t mode) {
  if (S_ISDIR(mode)) return "Directory";
  if (S_ISREG(mode)) return "File";
  if (S_ISSOCK(mode)) return "Socket";
  if (S_ISCHR(mode)) return "CharDevice";
  if (S_ISBLK(mode)) return "BlockDevice";
  return "";
}

Result<void> set_up_host_path(const corev1::HostPathVolumeSource& source) {
  std::string_view wanted = source.type();
  const std::string& path = source.path();
  struct stat info{};
  const bool exists = stat(path.c_str(), &info) == 0;
  if (wanted.empty()) return {};  // no check; the runtime makes what is missing
  if (wanted == "DirectoryOrCreate") {
    if (!exists) return make_dirs(path, 0755);
    wanted = "Directory";
  } else if (wanted == "FileOrCreate") {
    if (!exists) {
      TRY_VOID(os::open_path(path, O_CREAT | O_WRONLY, 0644));
      return {};
    }
    wanted = "File";
  }
  static const std::map<std::string_view, std::string_view> kWords = {{"Directory", "directory"},
                                                                      {"File", "file"},
                                                                      {"Socket", "socket"},
                                                                      {"CharDevice", "character device"},
                                                                      {"BlockDevice", "block device"}};
  if (exists && type_of(info.st_mode) == wanted) return {};
  auto word = kWords.find(wanted);
  return fail(Reason::kInvalid,
              "hostPath type check failed: " + path + " is not a " + std::string(word == kWords.end() ? wanted : word->second));
}

Result<void> set_up_volume(const corev1::Volume& volume, const fs::path& path, const VolumePayloads& payloads) {
  const auto& source = volume.volumesource();
  if (source.has_hostpath()) return set_up_host_path(source.hostpath());
  if (source.has_emptydir()) return set_up_empty_dir(source.emptydir(), path);
  if (!has_payload(source))
    return fail(Reason::kInvalid, "this node knows emptyDir, hostPath, configMap, secret, downwardAPI and projected volumes only");
  TRY_VOID(make_dirs(path, 0777));
  if (is_sensitive(source)) TRY_VOID(mount_tmpfs(path, "mode=0777"));
  auto payload = payloads.find(volume.name());
  return write_atomically(path, payload == payloads.end() ? Payload{} : payload->second);
}

const corev1::Volume* find_volume(const corev1::PodSpec& spec, const std::string& name) {
  for (const auto& volume : spec.volumes())
    if (volume.name() == name) return &volume;
  return nullptr;
}

MountPropagation propagation_of(const corev1::VolumeMount& mount) {
  if (mount.mountpropagation() == "Bidirectional") return MountPropagation::kShared;
  if (mount.mountpropagation() == "HostToContainer") return MountPropagation::kSlave;
  return MountPropagation::kPrivate;
}

// What the mount's subPath or subPathExpr says; "" without either.
Result<std::string> sub_path_of(const corev1::VolumeMount& mount, const Environment& environment) {
  if (mount.subpathexpr().empty()) return mount.subpath();
  std::string sub = expand(mount.subpathexpr(), environment);
  if (sub.empty() || sub.find("$(") != std::string::npos) return fail(Reason::kInvalid, "missing value for " + mount.subpathexpr());
  return sub;
}

Result<Mount> container_mount(const corev1::PodSpec& spec, const corev1::Container& container, int index, const PodPaths& paths,
                              const Environment& environment) {
  const corev1::VolumeMount& mount = container.volumemounts(index);
  const auto* volume = find_volume(spec, mount.name());
  if (volume == nullptr) return fail(Reason::kInvalid, "cannot find volume \"" + mount.name() + "\" to mount into container");
  const auto& source = volume->volumesource();
  std::string path = source.has_hostpath() ? source.hostpath().path() : paths.volume(mount.name());
  TRY(const std::string sub, sub_path_of(mount, environment));
  if (!sub.empty()) {
    auto bound = bind_sub_path(path, sub, paths.sub_path(mount.name(), container.name(), index));
    if (!bound) {
      return fail(bound.error().reason, "failed to prepare subPath for volumeMount \"" + mount.name() + "\" of container \"" +
                                            container.name() + "\": " + bound.error().message);
    }
    path = *std::move(bound);
  }
  return Mount{.source = std::move(path),
               .destination = mount.mountpath(),
               .read_only = mount.readonly() || has_payload(source),
               .recursive_read_only = is_recursively_read_only(mount),
               .propagation = propagation_of(mount)};
}

}  // namespace

bool is_recursively_read_only(const corev1::VolumeMount& mount) {
  return mount.readonly() && (mount.recursivereadonly() == "Enabled" || mount.recursivereadonly() == "IfPossible");
}

Result<void> set_up_volumes(const corev1::PodSpec& spec, const PodPaths& paths, const VolumePayloads& payloads, bool files_only) {
  for (const auto& volume : spec.volumes()) {
    if (files_only && !has_payload(volume.volumesource())) continue;
    const std::string path = paths.volume(volume.name());
    auto done = set_up_volume(volume, path, payloads);
    if (done && spec.securitycontext().has_fsgroup() && !volume.volumesource().has_hostpath())
      done = give_to_group(path, static_cast<gid_t>(spec.securitycontext().fsgroup()), has_payload(volume.volumesource()));
    if (!done) return fail(done.error().reason, "MountVolume.SetUp failed for volume \"" + volume.name() + "\" : " + done.error().message);
  }
  return {};
}

Result<void> tear_down_pod_dir(const std::string& root) {
  std::error_code error;
  if (!fs::exists(root, error)) return {};
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "volumes", error)) {
    if (!is_mount_point(entry.path())) continue;
    TRY_VOID(os::unmount(entry.path()));
  }
  TRY_VOID(unbind_sub_paths(root));  // before the removal, which would go into what is bound there
  return os::remove_tree(root);
}

Result<std::vector<Mount>> container_mounts(const corev1::PodSpec& spec, const corev1::Container& container, const PodPaths& paths,
                                            const Environment& environment) {
  std::vector<Mount> mounts;
  for (int index = 0; index < container.volumemounts_size(); ++index) {
    TRY(auto made, container_mount(spec, container, index, paths, environment));
    mounts.push_back(std::move(made));
  }
  return mounts;
}

}  // namespace stint
