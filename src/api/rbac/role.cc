// Role and ClusterRole. Source: upstream's pkg/apis/rbac/validation/validation.go.
#include "api/json.h"
#include "api/names.h"
#include "api/rbac/rules.h"
#include "api/rbac/validation.h"
#include "api/table_cells.h"

namespace stint::rbac {
namespace {

template <class Texts>
std::string shown_list(const Texts& texts) {
  return json::to_text(json::Array(texts.begin(), texts.end()));
}

void validate_paths(const rbacv1::PolicyRule& rule, bool namespaced, const FieldPath& path, FieldErrors& errors) {
  const std::string shown = shown_list(rule.nonresourceurls());
  if (namespaced) errors.invalid(path, shown, "namespaced rules cannot apply to non-resource URLs");
  if (rule.apigroups().empty() && rule.resources().empty() && rule.resourcenames().empty()) return;
  errors.invalid(path, shown, "rules cannot apply to both regular resources and non-resource URLs");
}

void validate_rule(const rbacv1::PolicyRule& rule, bool namespaced, const FieldPath& path, FieldErrors& errors) {
  if (rule.verbs().empty()) errors.required(path / "verbs", "verbs must contain at least one value");
  if (!rule.nonresourceurls().empty()) return validate_paths(rule, namespaced, path / "nonResourceURLs", errors);
  if (rule.apigroups().empty()) errors.required(path / "apiGroups", "resource rules must supply at least one api group");
  if (rule.resources().empty()) errors.required(path / "resources", "resource rules must supply at least one resource");
}

template <class Role>
void validate_rules(const Role& role, bool namespaced, FieldErrors& errors) {
  for (int i = 0; i < role.rules_size(); ++i) validate_rule(role.rules(i), namespaced, FieldPath("rules").index(i), errors);
}

void validate_role(const Message& object, FieldErrors& errors) { validate_rules(static_cast<const rbacv1::Role&>(object), true, errors); }
void validate_role_update(const Message& next, const Message&, FieldErrors& errors) { validate_role(next, errors); }

void validate_cluster_role(const Message& object, FieldErrors& errors) {
  const auto& role = static_cast<const rbacv1::ClusterRole&>(object);
  validate_rules(role, false, errors);
  if (!role.has_aggregationrule()) return;
  const FieldPath path("aggregationRule.clusterRoleSelectors");
  const auto& selectors = role.aggregationrule().clusterroleselectors();
  if (selectors.empty()) errors.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
  for (int i = 0; i < selectors.size(); ++i) validate_label_selector(selectors[i], path.index(i), errors);
}
void validate_cluster_role_update(const Message& next, const Message&, FieldErrors& errors) { validate_cluster_role(next, errors); }

}  // namespace

Faults name_faults(std::string_view name) {
  if (name == "." || name == "..") return {"may not be '" + std::string(name) + "'"};
  Faults faults;
  for (const char c : {'/', '%'}) {
    if (name.find(c) != name.npos) faults.push_back(std::string("may not contain '") + c + "'");
  }
  return faults;
}

void validate_name(std::string_view name, bool, FieldErrors& errors, std::string_view field) {
  add_faults(name_faults(name), FieldPath(field), quote(name), errors);
}

constinit const Rules kRoleRules = {
    .validate = validate_role,
    .validate_update = validate_role_update,
    .validate_name = validate_name,
    .columns = kPlainColumns,
    .row = plain_row,
};

constinit const Rules kClusterRoleRules = {
    .validate = validate_cluster_role,
    .validate_update = validate_cluster_role_update,
    .validate_name = validate_name,
    .columns = kPlainColumns,
    .row = plain_row,
};

}  // namespace stint::rbac
