// The rules of rbac.authorization.k8s.io/v1.
#pragma once

#include "api/kind.h"

namespace stint::rbac {

extern const Rules kRoleRules;
extern const Rules kClusterRoleRules;
extern const Rules kRoleBindingRules;
extern const Rules kClusterRoleBindingRules;

inline constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

}  // namespace stint::rbac
