// The roles and bindings that every cluster begins with, as objects, and how what is stored is brought up to them. Pure; any thread.
#pragma once

#include <memory>
#include <vector>

#include "api/types.h"
#include "server/auth/rbac_rules.h"

namespace stint::rbac {

// ClusterRoles, ClusterRoleBindings, Roles and RoleBindings, ready to be created.
std::vector<std::unique_ptr<Message>> bootstrap_policy();

// The rules of a ClusterRole that every cluster begins with, whatever was made of it since.
RuleList rules_of_bootstrap_role(std::string_view name);

// `stored` with what `wanted` has and it lacks; null when it lacks nothing or its annotation says that it is to be left alone.
// Nothing is ever taken away: an administrator may have added it.
std::unique_ptr<Message> brought_up(const Message& stored, const Message& wanted);

}  // namespace stint::rbac
