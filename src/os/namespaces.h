// Kernel namespaces that live without a process, pinned by a bind mount of their file. Blocking; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace stint::os {

// Makes a new network and IPC namespace and pins them at these paths; the parent directories exist. Leaves nothing behind when it fails.
Result<void> pin_new_namespaces(const std::string& network_path, const std::string& ipc_path);
// Fine if it is not there. The namespace ends when no process is in it any more.
Result<void> unpin_namespace(const std::string& path);
bool is_pinned_namespace(const std::string& path);

// Runs `work` in a thread of its own inside the namespaces pinned at these paths.
Result<void> in_pinned_namespaces(const std::vector<std::string>& paths, const std::function<Result<void>()>& work);

}  // namespace stint::os
