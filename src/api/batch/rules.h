// The rules of the batch group's kinds.
#pragma once

#include "api/kind.h"

namespace stint::batch {

extern const Rules kJobRules;
extern const Rules kCronJobRules;

}  // namespace stint::batch
