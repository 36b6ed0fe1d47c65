// Connections to what listens in a pod, on the loopback address of the pod's own network. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "api/pod_forward.h"

namespace stint::crun {

// `network_path`: the pinned network namespace; "" for the machine's own. IPv4 first, then IPv6.
Task<Result<std::unique_ptr<PodConnection>>> connect_to_pod(Loop& loop, std::string network_path, int port);

}  // namespace stint::crun
