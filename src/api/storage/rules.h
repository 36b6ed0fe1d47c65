// storage.k8s.io/v1: the kinds that can be made here.
#pragma once

#include "api/kind.h"

namespace stint::storage {

extern const Rules kCSINodeRules;

}  // namespace stint::storage
