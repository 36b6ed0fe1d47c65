// RoleBinding and ClusterRoleBinding. Source: upstream's pkg/apis/rbac and its printer.
#include "api/rbac/rules.h"
#include "api/table_cells.h"

namespace stint::rbac {
namespace {

template <class Binding>
void set_defaults(Message& object) {
  auto& binding = static_cast<Binding&>(object);
  if (binding.roleref().apigroup().empty()) binding.mutable_roleref()->set_apigroup(std::string(kGroup));
  for (rbacv1::Subject& subject : *binding.mutable_subjects()) {
    if (!subject.apigroup().empty()) continue;
    if (subject.kind() == "User" || subject.kind() == "Group") subject.set_apigroup(std::string(kGroup));
  }
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the binding."},
    {.name = "Role", .description = "The role whose permissions it gives."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "Users", .priority = 1, .description = "Users who get them."},
    {.name = "Groups", .priority = 1, .description = "Groups that get them."},
    {.name = "ServiceAccounts", .priority = 1, .description = "ServiceAccounts that get them."},
};

template <class Subjects>
std::string subjects_text(const Subjects& subjects, std::string_view kind) {
  std::string text;
  for (const rbacv1::Subject& subject : subjects) {
    if (subject.kind() != kind) continue;
    if (!text.empty()) text += ", ";
    if (kind == "ServiceAccount") text += subject.namespace_() + "/";
    text += subject.name();
  }
  return text;
}

template <class Binding>
void row(const Message& object, WallTime now, Row& row) {
  const auto& binding = static_cast<const Binding&>(object);
  row.cells = {meta(object).name(),
               binding.roleref().kind() + "/" + binding.roleref().name(),
               age_of(object, now),
               subjects_text(binding.subjects(), "User"),
               subjects_text(binding.subjects(), "Group"),
               subjects_text(binding.subjects(), "ServiceAccount")};
}

}  // namespace

constinit const Rules kRoleBindingRules = {
    .set_defaults = set_defaults<rbacv1::RoleBinding>,
    .columns = kColumns,
    .row = row<rbacv1::RoleBinding>,
};

constinit const Rules kClusterRoleBindingRules = {
    .set_defaults = set_defaults<rbacv1::ClusterRoleBinding>,
    .columns = kColumns,
    .row = row<rbacv1::ClusterRoleBinding>,
};

}  // namespace stint::rbac
