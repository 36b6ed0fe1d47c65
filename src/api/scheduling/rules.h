// scheduling.k8s.io/v1 PriorityClass.
#pragma once

#include "api/kind.h"

namespace stint::scheduling {

extern const Rules kPriorityClassRules;

}  // namespace stint::scheduling
