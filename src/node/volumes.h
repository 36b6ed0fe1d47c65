// A pod's volumes as directories on the node. Blocking; any thread, one caller a pod.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "node/environment.h"
#include "node/pod_files.h"
#include "node/volume_payload.h"
#include "runtime/runtime.h"

namespace stint {

// Volume name → files, for the volumes that have some.
using VolumePayloads = std::map<std::string, Payload>;

// What a volume's claim has got.
struct ClaimedVolume {
  corev1::PersistentVolumeSource source;  // local or hostPath
  std::string name;                       // of the PersistentVolume
};
using ClaimedVolumes = std::map<std::string, ClaimedVolume>;  // by volume name

// Makes every volume of the pod, in spec order, or brings those with files of ours up to date. Idempotent. An error reads
// `MountVolume.SetUp failed for volume "v" : …`.
Result<void> set_up_volumes(const corev1::PodSpec& spec, const PodPaths& paths, const VolumePayloads& payloads,
                            const ClaimedVolumes& claimed = {}, bool files_only = false);
// The content of an image, read-only, at the volume's place. `layers`: unpacked, lowest first. Idempotent.
Result<void> set_up_image_volume(const PodPaths& paths, const std::string& volume, const std::vector<std::string>& layers);
// Unmounts what is mounted below the pod's directory and removes it.
Result<void> tear_down_pod_dir(const std::string& root);

// Whether what is mounted below the mount is read-only, too.
bool is_recursively_read_only(const corev1::VolumeMount& mount);
// The mounts of one container; sub paths are made, and must stay inside their volume.
Result<std::vector<Mount>> container_mounts(const corev1::PodSpec& spec, const corev1::Container& container, const PodPaths& paths,
                                            const Environment& environment);

}  // namespace stint
