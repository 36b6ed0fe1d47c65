// ResourceQuotas, at the door: what a write would use is put on the account of its namespace's quotas before it is stored, so that two
// writes never fit where there is room for one. The controller (control/resource_quota) takes off what goes. Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "api/core/amounts.h"
#include "server/pipeline.h"

namespace stint {

// What one write put on the account of one quota.
struct QuotaCharge {
  std::string quota;
  core::Amounts amounts;
};

// Charges the quotas that count the object; `old` is null on create. kForbidden when one of them has no room. REQUIRES: the object has its
// name, namespace and defaults.
Task<Result<std::vector<QuotaCharge>>> charge_quotas(Core& core, const Request& request, const Message& next, const Message* old);
// The write came to nothing.
Task<void> refund_quotas(Core& core, std::string ns, std::vector<QuotaCharge> charges);

}  // namespace stint
