// Which taints of a node a pod puts up with. Pure; any thread.
#pragma once

#include "api/types.h"

namespace stint::core {

bool tolerates(const corev1::Toleration& toleration, const corev1::Taint& taint);

}  // namespace stint::core
