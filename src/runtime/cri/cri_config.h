// Sandboxes and containers in CRI's words, and what it tells of them in ours. Pure.
#pragma once

#include <string>

#include "runtime/cri/cri.pb.h"
#include "runtime/runtime.h"

namespace stint::cri {

// What is ours among all that a runtime has is known by labels.
inline constexpr char kInstanceLabel[] = "stint.instance", kSandboxLabel[] = "stint.sandbox", kContainerLabel[] = "stint.container";
// What sessions with a container's process must know of it.
inline constexpr char kInputAnnotation[] = "stint.stdin", kTerminalAnnotation[] = "stint.tty";
// The whole configuration of a sandbox, which each of its containers needs anew, also in a later life of this process.
inline constexpr char kConfigAnnotation[] = "stint.sandbox-config";

v1::PodSandboxConfig sandbox_config(const SandboxConfig& config, const std::string& instance, const std::string& cgroup);
// As the annotation has it. kInternalError: it is none.
Result<v1::PodSandboxConfig> read_sandbox_config(const v1::PodSandbox& sandbox);

// kInvalid: a user that is neither a number nor a name.
Result<v1::ContainerConfig> container_config(const ContainerConfig& config, const std::string& instance,
                                             const v1::PodSandboxConfig& sandbox);

// Puts what CRI tells into a status whose names are ours.
void take_status(const v1::ContainerStatus& told, ContainerStatus& status);

}  // namespace stint::cri
