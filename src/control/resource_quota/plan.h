// What the status of a ResourceQuota should be. Pure; any thread. Source: upstream's pkg/controller/resourcequota.
#pragma once

#include <span>
#include <vector>

#include "api/core/amounts.h"
#include "api/kind.h"
#include "base/clock.h"

namespace stint::resource_quota {

// The objects of one kind in the quota's namespace.
struct Content {
  const Kind* kind = nullptr;
  std::vector<Object> objects;
};

corev1::ResourceQuotaStatus status_of(const corev1::ResourceQuota& quota, std::span<const Content> contents, WallTime now);
// The status is about what the spec allows now.
bool is_current(const corev1::ResourceQuota& quota);
bool is_same(const corev1::ResourceQuotaStatus& a, const corev1::ResourceQuotaStatus& b);
// A change of an object after which there may be less, or other, to count.
bool changes_use(const Kind& kind, const Message& old, const Message& next, WallTime now);

}  // namespace stint::resource_quota
