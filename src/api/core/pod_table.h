// How a pod is printed in tables. Pure; any thread.
#pragma once

#include "api/kind.h"

namespace stint::core {

extern const Column kPodColumns[9];
void pod_row(const Message& pod, WallTime now, Row& row);

}  // namespace stint::core
