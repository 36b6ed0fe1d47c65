// The rules of a ClusterRole that joins others'. Pure; any thread.
#pragma once

#include <optional>
#include <vector>

#include "api/object.h"
#include "base/result.h"

namespace stint::cluster_role_aggregation {

using Rules = google::protobuf::RepeatedPtrField<rbacv1::PolicyRule>;

// The rules that `role` must have: those of all roles its selectors choose, itself left out, in the order of the selectors and then of
// names, each once. Nothing when it has them or joins none. kInvalid: a selector cannot be read.
Result<std::optional<Rules>> plan(const rbacv1::ClusterRole& role, const std::vector<Object>& roles);

}  // namespace stint::cluster_role_aggregation
