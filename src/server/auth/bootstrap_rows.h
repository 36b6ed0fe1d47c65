// The tables of the roles and bindings that a cluster begins with, as upstream's bootstrappolicy lists them. Immutable; any thread.
#pragma once

#include <span>
#include <string_view>

namespace stint::rbac {

struct RoleTraits {
  std::string_view ns;         // "" a ClusterRole
  std::string_view joins;      // its rules are those of all ClusterRoles labelled aggregate-to-<this>
  std::string_view joined_to;  // labelled aggregate-to-<this>
};
// A row with a role opens it; the rows without one that follow are its rules. All texts but the role are comma lists; the core group
// is the empty word.
struct PolicyRow {
  std::string_view role;
  RoleTraits traits;
  std::string_view verbs, groups, resources, names, urls;
};

constexpr PolicyRow role(std::string_view name, RoleTraits traits = {}) { return {.role = name, .traits = traits}; }
constexpr PolicyRow rule(std::string_view verbs, std::string_view groups, std::string_view resources, std::string_view names = {}) {
  return {.verbs = verbs, .groups = groups, .resources = resources, .names = names};
}
constexpr PolicyRow paths(std::string_view verbs, std::string_view urls) { return {.verbs = verbs, .urls = urls}; }

inline constexpr std::string_view kRead = "get,list,watch";
inline constexpr std::string_view kWrite = "create,delete,deletecollection,patch,update";
inline constexpr std::string_view kReadWrite = "create,delete,deletecollection,get,list,patch,update,watch";

struct BindingRow {
  std::string_view ns;  // "" a ClusterRoleBinding
  std::string_view name;
  std::string_view role;                   // of the same scope
  std::string_view subject_kind, subject;  // a ServiceAccount as "namespace/name"; empty: to nobody
};

// Names go without "system:controller:" in front. Each is bound to the ServiceAccount of its name in kube-system.
std::span<const PolicyRow> controller_role_rows();
std::span<const PolicyRow> role_rows();
// Rows of one binding stand together, one for each subject.
std::span<const BindingRow> binding_rows();

}  // namespace stint::rbac
