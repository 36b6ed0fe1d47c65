// What an object uses of a ResourceQuota, as admission and the quota controller both reckon it. Pure; any thread.
// Source: upstream's pkg/quota/v1/evaluator.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "api/core/amounts.h"
#include "api/kind.h"
#include "base/clock.h"

namespace stint::core {

// Whether objects of the kind count towards the quota's resource: "pods", "count/jobs.batch", "requests.cpu"...
bool is_counted(const Kind& kind, std::string_view resource);
// The names in the list that objects of the kind count towards.
std::set<std::string> counted_names(const Kind& kind, const ResourceList& hard);
// All scopes of the quota are true of the object.
bool is_in_scope(const corev1::ResourceQuotaSpec& quota, const Message& object);
// `now`: pods that overstay their deletion are not counted.
Amounts usage_of(const Kind& kind, const Message& object, WallTime now);
// A quota of cpu or memory wants each container to say what it asks for: "must specify cpu for: main", or "".
std::string unspecified_amounts(const std::set<std::string>& names, const corev1::PodSpec& spec);

}  // namespace stint::core
