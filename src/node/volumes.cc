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

bool is_claimed(const corev1::VolumeSource& source) { return source.has_persistentvolumeclaim() || source.has_ephemeral(); }

// The volume's place in the pod's directory is a link to the claimed directory: what removes the pod's files does not go into that one.
Result<void> set_up_claimed(const ClaimedVolume& claimed, const fs::path& path) {
  std::string target = claimed.source.local().path();
  if (claimed.source.has_hostpath()) {
    TRY_VOID(set_up_host_path(claimed.source.hostpath()));
    target = claimed.source.hostpath().path();
  } else if (!claimed.source.has_local()) {
    return fail(Reason::kInvalid, "this node knows local and hostPath persistent volumes only");
  } else if (access(target.c_str(), F_OK) != 0) {
    return fail(Reason::kNotFound, "path \"" + target + "\" does not exist");
  }
  std::error_code error;
  if (fs::read_symlink(path, error) == target) return {};
  fs::remove(path, error);  // of a volume that the claim had before
  if (symlink(target.c_str(), path.c_str()) != 0) return fail(errno_error("link to " + target, errno));
  return {};
}

Result<void> set_up_volume(const corev1::Volume& volume, const fs::path& path, const VolumePayloads& payloads,
                           const ClaimedVolumes& claimed) {
  const auto& source = volume.volumesource();
  if (is_claimed(source)) {
    const auto found = claimed.find(volume.name());
    if (found == claimed.end()) return fail(Reason::kInvalid, "its claim has no volume");
    return set_up_claimed(found->second, path);
  }
  if (source.has_hostpath()) return set_up_host_path(source.hostpath());
  if (source.has_emptydir()) return set_up_empty_dir(source.emptydir(), path);
  if (!has_payload(source)) return fail(Reason::kInvalid, "this node does not know such volumes");
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

// Where what the volume holds is.
Result<std::string> directory_of(const corev1::Volume& volume, const PodPaths& paths) {
  const auto& source = volume.volumesource();
  if (source.has_hostpath()) return source.hostpath().path();
  const std::string path = paths.volume(volume.name());
  if (!is_claimed(source)) return path;
  std::error_code error;
  const fs::path target = fs::read_symlink(path, error);
  if (error) return fail(errno_error("find volume \"" + volume.name() + "\"", error.value()));
  return target.string();
}

Result<Mount> container_mount(const corev1::PodSpec& spec, const corev1::Container& container, int index, const PodPaths& paths,
                              const Environment& environment) {
  const corev1::VolumeMount& mount = container.volumemounts(index);
  const auto* volume = find_volume(spec, mount.name());
  if (volume == nullptr) return fail(Reason::kInvalid, "cannot find volume \"" + mount.name() + "\" to mount into container");
  const auto& source = volume->volumesource();
  TRY(std::string path, directory_of(*volume, paths));
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
               .read_only = mount.readonly() || has_payload(source) || source.has_image() || source.persistentvolumeclaim().readonly(),
               .recursive_read_only = is_recursively_read_only(mount),
               .propagation = propagation_of(mount)};
}

}  // namespace

bool is_recursively_read_only(const corev1::VolumeMount& mount) {
  return mount.readonly() && (mount.recursivereadonly() == "Enabled" || mount.recursivereadonly() == "IfPossible");
}

namespace {

// Not of a directory of the host, which is not the pod's.
bool takes_group(const corev1::Volume& volume, const ClaimedVolumes& claimed) {
  if (volume.volumesource().has_hostpath()) return false;
  const auto found = claimed.find(volume.name());
  return found == claimed.end() || !found->second.source.has_hostpath();
}

}  // namespace

Result<void> set_up_volumes(const corev1::PodSpec& spec, const PodPaths& paths, const VolumePayloads& payloads,
                            const ClaimedVolumes& claimed, bool files_only) {
  for (const auto& volume : spec.volumes()) {
    if (files_only && !has_payload(volume.volumesource())) continue;
    if (volume.volumesource().has_image()) continue;  // with the containers that mount it
    const std::string path = paths.volume(volume.name());
    auto done = set_up_volume(volume, path, payloads, claimed);
    auto directory = done ? directory_of(volume, paths) : Result<std::string>(path);
    if (done && directory && spec.securitycontext().has_fsgroup() && takes_group(volume, claimed))
      done = give_to_group(*directory, static_cast<gid_t>(spec.securitycontext().fsgroup()), has_payload(volume.volumesource()));
    if (!done) return fail(done.error().reason, "MountVolume.SetUp failed for volume \"" + volume.name() + "\" : " + done.error().message);
  }
  return {};
}

Result<void> set_up_image_volume(const PodPaths& paths, const std::string& volume, const std::vector<std::string>& layers) {
  if (layers.empty()) return fail(Reason::kInvalid, "this container runtime has no image volumes");
  const fs::path path = paths.volume(volume);
  if (is_mount_point(path)) return {};
  TRY_VOID(make_dirs(path, 0755));
  // An overlay without a directory to write to wants two at least.
  const fs::path empty = fs::path(paths.root) / "empty-layer";
  TRY_VOID(make_dirs(empty, 0755));
  std::vector<std::string> lower_dirs = layers;
  lower_dirs.push_back(empty);
  return os::mount_overlay({.lower_dirs = std::move(lower_dirs), .upper_dir = "", .work_dir = "", .target = path});
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
