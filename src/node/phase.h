// The phase of a pod from its container statuses, in upstream's order of questions. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "api/types.h"

namespace stint {

inline bool is_terminal_phase(std::string_view phase) { return phase == "Succeeded" || phase == "Failed"; }

// `status` holds the container statuses; `ending`: the pod is torn down, so nothing that stopped will be restarted.
std::string_view compute_phase(const corev1::PodSpec& spec, const corev1::PodStatus& status, bool ending);

// The regular or init container of that name, or null.
const corev1::Container* find_container(const corev1::PodSpec& spec, std::string_view name);
// A copy of the one of that name, which may be an ephemeral one too.
std::optional<corev1::Container> copy_container(const corev1::PodSpec& spec, std::string_view name);
// The status of that name among those of all containers, or null.
const corev1::ContainerStatus* find_container_status(const corev1::PodStatus& status, std::string_view name);
// Some regular container runs or ran.
bool any_regular_container_started(const corev1::PodSpec& spec, const corev1::PodStatus& status);

}  // namespace stint
