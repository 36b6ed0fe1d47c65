// What a pod takes of the node's disk, and whether that is more than it may: emptyDir volumes with a sizeLimit, and ephemeral-storage
// limits of its containers (their writable layers and logs) and of the pod (these and its volumes). Source: upstream's
// pkg/kubelet/eviction, the evictions for local storage. measure_pod_storage() blocks, the rest is pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "api/types.h"
#include "node/pod_files.h"

namespace stint {

struct DiskUse {
  int64_t bytes = 0;  // of blocks, not of lengths
  int64_t inodes = 0;
  DiskUse& operator+=(const DiskUse& other) {
    bytes += other.bytes;
    inodes += other.inodes;
    return *this;
  }
};

struct PodStorage {
  std::map<std::string, DiskUse> layers, logs;  // by container
  std::map<std::string, DiskUse> volumes;       // emptyDirs
  DiskUse total;                                // without volumes in memory
  DiskUse of_container(const std::string& name) const;
};

bool has_storage_limits(const corev1::PodSpec& spec);

// `layers`: where the writable layers are, by container. Files that vanish or that can't be looked at meanwhile count nothing.
PodStorage measure_pod_storage(const corev1::PodSpec& spec, const PodPaths& paths, const std::map<std::string, std::string>& layers);

struct StorageExcess {
  std::string signal, message;  // as eviction calls it, and what it says
};
// The first limit that is exceeded.
std::optional<StorageExcess> exceeded_storage_limit(const corev1::PodSpec& spec, const PodStorage& storage);

}  // namespace stint
