#include "server/auth/rbac_index.h"

#include <algorithm>

#include "api/kind.h"

namespace stint::rbac {
namespace {

// A ServiceAccount is a user of a made-up name. "" is nobody: an account without a namespace.
std::string user_name_of(const Subject& subject, const Binding& binding) {
  if (subject.kind != "ServiceAccount") return subject.name;
  const std::string& ns = subject.ns.empty() ? binding.ns : subject.ns;
  return ns.empty() ? "" : "system:serviceaccount:" + ns + ":" + subject.name;
}

void add_once(std::vector<std::string>* texts, std::string text) {
  if (texts != nullptr && std::ranges::find(*texts, text) == texts->end()) texts->push_back(std::move(text));
}

}  // namespace

RbacIndex::Scope* RbacIndex::find_scope(std::string_view ns) {
  const auto found = scopes_.find(ns);
  return found == scopes_.end() ? nullptr : &found->second;
}
const RbacIndex::Scope* RbacIndex::find_scope(std::string_view ns) const {
  const auto found = scopes_.find(ns);
  return found == scopes_.end() ? nullptr : &found->second;
}
RbacIndex::Scope& RbacIndex::scope(std::string_view ns) {
  if (Scope* found = find_scope(ns)) return *found;
  return scopes_[std::string(ns)];
}

void RbacIndex::put_role(std::string_view ns, std::string_view name, RuleList rules) {
  scope(ns).roles.insert_or_assign(std::string(name), RuleIndex(std::move(rules)));
}

void RbacIndex::remove_role(std::string_view ns, std::string_view name) {
  Scope* scope = find_scope(ns);
  if (scope == nullptr) return;
  if (const auto found = scope->roles.find(name); found != scope->roles.end()) scope->roles.erase(found);
  if (scope->roles.empty() && scope->bindings.empty()) scopes_.erase(scopes_.find(ns));
}

void RbacIndex::put_binding(Binding binding) {
  remove_binding(binding.ns, binding.name);
  Scope& scope = this->scope(binding.ns);
  auto& place = scope.bindings[binding.name];
  place = std::make_unique<Binding>(std::move(binding));
  for (const Subject& subject : place->subjects) {
    if (subject.kind == "Group") {
      scope.groups[subject.name].push_back({place.get(), &subject});
    } else if (const std::string user = user_name_of(subject, *place); !user.empty()) {
      scope.users[user].push_back({place.get(), &subject});
    }
  }
}

void RbacIndex::remove_binding(std::string_view ns, std::string_view name) {
  Scope* scope = find_scope(ns);
  if (scope == nullptr) return;
  const auto found = scope->bindings.find(name);
  if (found == scope->bindings.end()) return;
  const auto forget = [binding = found->second.get()](Map<Grants>& map, const std::string& key) {
    const auto grants = map.find(key);
    if (grants == map.end()) return;
    std::erase_if(grants->second, [binding](const Grant& grant) { return grant.binding == binding; });
    if (grants->second.empty()) map.erase(grants);
  };
  for (const Subject& subject : found->second->subjects) {
    if (subject.kind == "Group") {
      forget(scope->groups, subject.name);
    } else {
      forget(scope->users, user_name_of(subject, *found->second));
    }
  }
  scope->bindings.erase(found);
  if (scope->roles.empty() && scope->bindings.empty()) scopes_.erase(scopes_.find(ns));
}

void RbacIndex::clear(bool bindings, bool namespaced) {
  for (auto at = scopes_.begin(); at != scopes_.end();) {
    auto& [ns, scope] = *at;
    if (ns.empty() != namespaced) {
      if (bindings) {
        scope.users.clear();
        scope.groups.clear();
        scope.bindings.clear();
      } else {
        scope.roles.clear();
      }
    }
    at = scope.roles.empty() && scope.bindings.empty() ? scopes_.erase(at) : std::next(at);
  }
}

const RuleIndex* RbacIndex::role_of(const Binding& binding) const {
  const Scope* scope = find_scope(binding.role_kind == "Role" ? std::string_view(binding.ns) : std::string_view());
  if (scope == nullptr) return nullptr;
  const auto found = scope->roles.find(binding.role);
  return found == scope->roles.end() ? nullptr : &found->second;
}

template <class Visit>
bool RbacIndex::visit_scope(const Scope& scope, const User& user, Visit visit) const {
  const auto visit_all = [&](const Map<Grants>& map, std::string_view key) {
    const auto found = map.find(key);
    if (found == map.end()) return false;
    return std::ranges::any_of(found->second, [&](const Grant& grant) { return visit(grant, role_of(*grant.binding)); });
  };
  return visit_all(scope.users, user.name) ||
         std::ranges::any_of(user.groups, [&](const std::string& group) { return visit_all(scope.groups, group); });
}

template <class Visit>
bool RbacIndex::visit_grants(const User& user, std::string_view ns, Visit visit) const {
  const Scope* cluster = find_scope("");
  if (cluster != nullptr && visit_scope(*cluster, user, visit)) return true;
  const Scope* scope = ns.empty() ? nullptr : find_scope(ns);
  return scope != nullptr && visit_scope(*scope, user, visit);
}

RbacIndex::Grant RbacIndex::find(const User& user, const Attributes& attributes, std::vector<std::string>* errors) const {
  Grant found;
  visit_grants(user, attributes.ns, [&](const Grant& grant, const RuleIndex* role) {
    if (role == nullptr) {
      add_once(errors, role_not_found(*grant.binding));
      return false;
    }
    if (role->find(attributes) == nullptr) return false;
    found = grant;
    return true;
  });
  return found;
}

RuleList RbacIndex::rules_of(const User& user, std::string_view ns, std::vector<std::string>* errors) const {
  RuleList rules;
  std::set<const Binding*> seen;  // a binding may reach the user by several of its subjects
  visit_grants(user, ns, [&](const Grant& grant, const RuleIndex* role) {
    if (!seen.insert(grant.binding).second) return false;
    if (role == nullptr) {
      add_once(errors, role_not_found(*grant.binding));
    } else {
      rules.insert(rules.end(), role->rules().begin(), role->rules().end());
    }
    return false;
  });
  return rules;
}

const RuleList* RbacIndex::find_role(std::string_view kind, std::string_view ns, std::string_view name) const {
  const RuleIndex* role = role_of({.ns = std::string(ns), .role_kind = std::string(kind), .role = std::string(name)});
  return role == nullptr ? nullptr : &role->rules();
}

std::string role_not_found(const Binding& binding) {
  return std::string(binding.role_kind == "Role" ? "role" : "clusterrole") + ".rbac.authorization.k8s.io " + quote(binding.role) +
         " not found";
}

std::string describe_grant(const RbacIndex::Grant& grant) {
  const Binding& binding = *grant.binding;
  const Subject& subject = *grant.subject;
  const std::string name = binding.ns.empty() ? binding.name : binding.name + "/" + binding.ns;
  std::string who = subject.name;
  if (subject.kind == "ServiceAccount") who += "/" + (subject.ns.empty() ? binding.ns : subject.ns);
  return std::string("RBAC: allowed by ") + (binding.ns.empty() ? "ClusterRoleBinding " : "RoleBinding ") + quote(name) + " of " +
         binding.role_kind + " " + quote(binding.role) + " to " + subject.kind + " " + quote(who);
}

}  // namespace stint::rbac
