// Which container of a pod a request for logs or a command means. Pure.
#pragma once

#include "api/types.h"
#include "base/result.h"

namespace stint {

// `asked`, or the only one. kBadRequest in upstream's words.
Result<std::string> choose_container(const corev1::Pod& pod, const std::string& asked);
// Whether that container, or the only one, was given a terminal.
bool has_terminal(const corev1::Pod& pod, std::string_view container);

}  // namespace stint
