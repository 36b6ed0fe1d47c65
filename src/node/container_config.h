// From a container's spec to what the runtime is asked to start. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "image/image_store.h"
#include "node/environment.h"
#include "node/pod_files.h"
#include "runtime/runtime.h"

namespace stint {

struct ContainerConfigInput {
  const corev1::Pod& pod;
  const corev1::Container& container;
  const ImageInfo& image;
  const Environment& environment;
  const PodPaths& paths;
  std::vector<Mount> volume_mounts;
  int attempt = 0;
  int64_t memory_capacity_bytes = 0;
  std::string seccomp_dir;  // of the profiles that pods name
};

// "<pod uid>_<container>_<attempt>"
std::string container_id(const std::string& pod_uid, const std::string& container, int attempt);

// An error is what CreateContainerConfigError says, e.g. runAsNonRoot with an image that runs as root.
Result<ContainerConfig> build_container_config(const ContainerConfigInput& input);

inline constexpr std::string_view kTerminationLogDefault = "/dev/termination-log";

}  // namespace stint
