// Roles and bindings, arranged so that a question costs a look-up for the user and one for each of his groups, whatever else is bound.
// Source: upstream's pkg/registry/rbac/validation. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/auth/rbac_rules.h"

namespace stint::rbac {

struct Subject {
  std::string kind;  // "User", "Group", "ServiceAccount"
  std::string name;
  std::string ns;  // of a ServiceAccount, "" that of the binding
};
struct Binding {
  std::string ns;  // "" a ClusterRoleBinding
  std::string name;
  std::string role_kind;  // "Role" of the same namespace, or "ClusterRole"
  std::string role;
  std::vector<Subject> subjects;
};

class RbacIndex {
 public:
  // `ns` "": a ClusterRole.
  void put_role(std::string_view ns, std::string_view name, RuleList rules);
  void remove_role(std::string_view ns, std::string_view name);
  void put_binding(Binding binding);
  void remove_binding(std::string_view ns, std::string_view name);
  // Forgets all bindings or all roles, of the namespaces or of the cluster.
  void clear(bool bindings, bool namespaced);

  // The binding, and which of its subjects, by which the user may do it; null when none. `errors`, if given, collects roles that a
  // binding of the user's names and that are not there, each once.
  struct Grant {
    const Binding* binding = nullptr;
    const Subject* subject = nullptr;
  };
  Grant find(const User& user, const Attributes& attributes, std::vector<std::string>* errors) const;
  // All rules that hold for the user in the namespace, cluster-wide ones included.
  RuleList rules_of(const User& user, std::string_view ns, std::vector<std::string>* errors) const;
  // Null when there is no such role.
  const RuleList* find_role(std::string_view kind, std::string_view ns, std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class Value>
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  using Grants = std::vector<Grant>;
  struct Scope {  // one namespace, or the cluster
    Map<RuleIndex> roles;
    Map<std::unique_ptr<Binding>> bindings;
    Map<Grants> users, groups;
  };

  Scope* find_scope(std::string_view ns);
  const Scope* find_scope(std::string_view ns) const;
  Scope& scope(std::string_view ns);
  const RuleIndex* role_of(const Binding& binding) const;
  // Calls `visit(grant, role)` for each grant to the user until it returns true; the role is null when it is not there.
  template <class Visit>
  bool visit_scope(const Scope& scope, const User& user, Visit visit) const;
  template <class Visit>
  bool visit_grants(const User& user, std::string_view ns, Visit visit) const;

  Map<Scope> scopes_;
};

// `clusterrole.rbac.authorization.k8s.io "x" not found`
std::string role_not_found(const Binding& binding);
// `RBAC: allowed by RoleBinding "name/ns" of Role "r" to User "u"`
std::string describe_grant(const RbacIndex::Grant& grant);

}  // namespace stint::rbac
