// coordination.k8s.io/v1 Lease.
#pragma once

#include "api/kind.h"

namespace stint::coordination {

extern const Rules kLeaseRules;

}  // namespace stint::coordination
