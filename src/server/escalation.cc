// Nobody gives away rights that he does not hold: checks writes of roles and bindings. Source: upstream's pkg/registry/rbac.
#include <set>

#include "api/equality.h"
#include "server/admission.h"
#include "server/errors.h"

namespace stint {
namespace {

using rbac::RuleList;

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
// Each piece is compared with each rule held, on the loop: a list of long rules would keep everybody waiting. Upstream has no such limit.
constexpr size_t kPiecesMax = 20'000;

std::string groups_text(const User& user) {
  std::string out;
  for (const std::string& group : user.groups) out += (out.empty() ? "" : " ") + quote(group);
  return "[" + out + "]";
}

// kForbidden with the rights that the user lacks.
Result<void> check_held(const Admission& admission, const RuleList& wanted) {
  const Request& request = admission.request;
  const Authorizer::Held held = admission.core.authorizer.rules_of(request.user, request.ns);
  const RuleList open = rbac::not_covered_by_one(held.rules, wanted);
  if (rbac::count_pieces(open) > kPiecesMax) {
    return fail(forbidden(*request.kind, meta(*admission.object).name(),
                          "too many permissions to compare with those held: at most " + std::to_string(kPiecesMax)));
  }
  const RuleList lacking = rbac::missing(held.rules, open);
  if (lacking.empty()) return {};
  std::set<std::string> texts;
  for (const rbac::Rule& rule : rbac::compact(lacking)) texts.insert(rbac::describe(rule));
  std::string why = "user " + quote(request.user.name) + " (groups=" + groups_text(request.user) +
                    ") is attempting to grant RBAC permissions not currently held:";
  for (const std::string& text : texts) why += "\n" + text;
  if (!held.errors.empty()) why += "; resolution errors: " + joined_errors(held.errors);
  return fail(forbidden(*request.kind, meta(*admission.object).name(), why));
}

bool may_escalate(const Admission& admission) {
  const Request& request = admission.request;
  return admission.core.authorizer.allows(
      request.user, {.verb = "escalate", .group = kGroup, .resource = request.kind->plural, .ns = request.ns, .name = request.name});
}

bool joins_roles(const Message* role) {
  const auto* cluster = dynamic_cast<const rbacv1::ClusterRole*>(role);
  return cluster != nullptr && cluster->aggregationrule().clusterroleselectors_size() > 0;
}

Result<void> check_role(const Admission& admission, const RuleList& rules) {
  if (may_escalate(admission)) return {};
  TRY_VOID(check_held(admission, rules));
  if (!joins_roles(admission.object) && !joins_roles(admission.old)) return {};
  // Such a role may come to hold anything.
  const RuleList everything = {{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}}, {.verbs = {"*"}, .urls = {"*"}}};
  if (check_held(admission, everything)) return {};
  return fail(
      forbidden(*admission.request.kind, meta(*admission.object).name(), "must have cluster-admin privileges to use the aggregationRule"));
}

Result<void> check_binding(const Admission& admission, const rbacv1::RoleRef& role) {
  const Request& request = admission.request;
  const bool known = role.kind() == "Role" || role.kind() == "ClusterRole";
  const Attributes bind{.verb = "bind",
                        .group = role.apigroup(),
                        .resource = role.kind() == "Role" ? "roles" : "clusterroles",
                        .ns = request.ns,
                        .name = role.name()};
  if (known && admission.core.authorizer.allows(request.user, bind)) return {};
  if (!known) return fail(Reason::kNone, "unsupported role reference kind: " + quote(role.kind()));
  const auto rules = admission.core.authorizer.rules_of_role(role, request.ns);
  // Upstream takes the role's name for the binding's.
  if (!rules) return fail(not_found(*request.kind, role.name()));
  return check_held(admission, *rules);
}

// Owners and finalizers are all that differs: the garbage collector's business, which gives nobody anything.
bool is_about_deletion_only(const Admission& admission) {
  if (admission.old == nullptr) return false;
  std::unique_ptr<Message> next(admission.object->New());
  next->CopyFrom(*admission.object);
  metav1::ObjectMeta& meta = mutable_meta(*next);
  const metav1::ObjectMeta& was = stint::meta(*admission.old);
  *meta.mutable_ownerreferences() = was.ownerreferences();
  *meta.mutable_finalizers() = was.finalizers();
  *meta.mutable_managedfields() = was.managedfields();
  meta.set_resourceversion(was.resourceversion());
  return semantically_equal(*next, *admission.old);
}

}  // namespace

Result<void> forbid_escalation(const Admission& admission) {
  if (admission.object == nullptr || admission.request.kind->group != kGroup || is_privileged(admission.request.user)) return {};
  if (is_about_deletion_only(admission)) return {};
  const Message* object = admission.object;
  if (const auto* role = dynamic_cast<const rbacv1::ClusterRole*>(object)) return check_role(admission, rules_from(role->rules()));
  if (const auto* local = dynamic_cast<const rbacv1::Role*>(object)) return check_role(admission, rules_from(local->rules()));
  if (const auto* binding = dynamic_cast<const rbacv1::ClusterRoleBinding*>(object)) return check_binding(admission, binding->roleref());
  if (const auto* here = dynamic_cast<const rbacv1::RoleBinding*>(object)) return check_binding(admission, here->roleref());
  return {};
}

}  // namespace stint
