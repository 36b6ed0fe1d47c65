// The OCI runtime configuration (config.json) of a container. Capabilities, masked paths, devices and mounts are what containerd gives a
// Kubernetes pod. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/json.h"
#include "os/cgroup.h"
#include "os/devices.h"
#include "runtime/runtime.h"

namespace stint::crun {

struct UserIds {
  uint32_t uid = 0, gid = 0;
  std::vector<uint32_t> additional_gids;
};

struct OciConfigInput {
  const ContainerConfig& container;
  const SandboxConfig& sandbox;
  UserIds user;
  std::string root_dir;      // the mounted root file system
  std::string cgroup;        // absolute within the tree: "/stint-…/pod7/id"
  std::string network_path;  // pinned namespaces; "" with host network
  std::string ipc_path;
  std::string pid_path;  // of another container; "": its own
  os::CgroupVersion cgroup_version = os::CgroupVersion::kV2;
  int oom_score_adj_min = -1000;               // what this process may set
  std::vector<os::DeviceNode> devices;         // of a privileged container
  std::optional<json::Value> seccomp_profile;  // of SeccompChoice::Kind::kLocalhost
};

// kInvalid: a capability that does not exist.
Result<std::string> build_oci_config(const OciConfigInput& input);

}  // namespace stint::crun
