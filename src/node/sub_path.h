// A part of a volume as a mount of its own. Containers may change the volume meanwhile, so a path in it is walked once, by the kernel and
// without a way out, and what was found is bound by its descriptor: who mounts it for a container resolves no name of the volume again.
// As upstream's kubelet does. Blocking; any thread, one caller a pod.
#pragma once

#include <string>

#include "base/result.h"

namespace stint {

// Binds `sub`, relative, of the directory or file `volume` at `target`, and returns `target`. A directory that is missing is made with the
// volume's mode. What is bound at `target` already gives way. Without root nothing can be bound, and the real path is returned.
Result<std::string> bind_sub_path(const std::string& volume, const std::string& sub, const std::string& target);

// Undoes all of a pod's, given its directory.
Result<void> unbind_sub_paths(const std::string& pod_root);

}  // namespace stint
