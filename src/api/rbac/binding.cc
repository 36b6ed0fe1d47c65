// RoleBinding and ClusterRoleBinding. Source: upstream's pkg/apis/rbac and its printer.
#include <algorithm>
#include <span>

#include "api/immutable_field.h"
#include "api/rbac/rules.h"
#include "api/rbac/validation.h"
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

constexpr std::string_view kGroups[] = {kGroup};
constexpr std::string_view kNoGroup[] = {""};
constexpr std::string_view kSubjectKinds[] = {"ServiceAccount", "User", "Group"};
constexpr std::string_view kRoleKinds[] = {"Role", "ClusterRole"};

void validate_account(const rbacv1::Subject& subject, bool namespaced, const FieldPath& path, FieldErrors& errors) {
  if (!subject.name().empty()) add_faults(dns_subdomain_faults(subject.name()), path / "name", quote(subject.name()), errors);
  if (!subject.apigroup().empty()) errors.not_supported(path / "apiGroup", subject.apigroup(), kNoGroup);
  if (!namespaced && subject.namespace_().empty()) errors.required(path / "namespace");
}

void validate_subject(const rbacv1::Subject& subject, bool namespaced, const FieldPath& path, FieldErrors& errors) {
  if (subject.name().empty()) errors.required(path / "name");
  if (subject.kind() == "ServiceAccount") return validate_account(subject, namespaced, path, errors);
  if (subject.kind() != "User" && subject.kind() != "Group") return errors.not_supported(path / "kind", subject.kind(), kSubjectKinds);
  if (subject.apigroup() != kGroup) errors.not_supported(path / "apiGroup", subject.apigroup(), kGroups);
}

void validate_role_ref(const rbacv1::RoleRef& role, std::span<const std::string_view> kinds, FieldErrors& errors) {
  const FieldPath path("roleRef");
  if (role.apigroup() != kGroup) errors.not_supported(path / "apiGroup", role.apigroup(), kGroups);
  if (std::ranges::find(kinds, role.kind()) == kinds.end()) errors.not_supported(path / "kind", role.kind(), kinds);
  if (role.name().empty()) {
    errors.required(path / "name");
  } else {
    add_faults(name_faults(role.name()), path / "name", quote(role.name()), errors);
  }
}

// In a namespace both kinds of role may be bound.
template <class Binding>
void validate(const Message& object, FieldErrors& errors) {
  constexpr bool kNamespaced = std::is_same_v<Binding, rbacv1::RoleBinding>;
  const auto& binding = static_cast<const Binding&>(object);
  validate_role_ref(binding.roleref(), std::span(kRoleKinds).subspan(kNamespaced ? 0 : 1), errors);
  for (int i = 0; i < binding.subjects_size(); ++i) {
    validate_subject(binding.subjects(i), kNamespaced, FieldPath("subjects").index(i), errors);
  }
}

template <class Binding>
void validate_update(const Message& next, const Message& old, FieldErrors& errors) {
  validate<Binding>(next, errors);
  validate_immutable_field(next, old, "roleRef", FieldPath(), errors);
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
    .validate = validate<rbacv1::RoleBinding>,
    .validate_update = validate_update<rbacv1::RoleBinding>,
    .validate_name = validate_name,
    .columns = kColumns,
    .row = row<rbacv1::RoleBinding>,
};

constinit const Rules kClusterRoleBindingRules = {
    .set_defaults = set_defaults<rbacv1::ClusterRoleBinding>,
    .validate = validate<rbacv1::ClusterRoleBinding>,
    .validate_update = validate_update<rbacv1::ClusterRoleBinding>,
    .validate_name = validate_name,
    .columns = kColumns,
    .row = row<rbacv1::ClusterRoleBinding>,
};

}  // namespace stint::rbac
