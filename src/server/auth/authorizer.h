// Who may do what: members of system:masters everything, nodes what their pods need, and each what RBAC grants him. The rules are those in
// the store at the moment of the question, so that a right given or taken holds from the next request on. Loop thread only.
#pragma once

#include <array>
#include <memory>

#include "server/auth/node_authorizer.h"
#include "server/auth/rbac_index.h"
#include "server/registry.h"

namespace stint {

class Authorizer {
 public:
  explicit Authorizer(Registry& registry);

  struct Decision {
    bool allowed = false;
    std::string reason;  // what allows it, or what went wrong; "" when there is nothing to say
  };
  Decision decide(const User& user, const Attributes& attributes);
  // Upstream's 403 when it is not allowed.
  Result<void> check(const User& user, const Attributes& attributes);
  bool allows(const User& user, const Attributes& attributes);

  struct Held {
    rbac::RuleList rules;
    std::vector<std::string> errors;  // roles that are bound and not there
  };
  Held rules_of(const User& user, std::string_view ns);
  // The rules that a binding in `ns` ("": a ClusterRoleBinding) would give. kNotFound.
  Result<rbac::RuleList> rules_of_role(const rbacv1::RoleRef& role, std::string_view ns);

 private:
  struct Feed {
    const Kind* kind = nullptr;
    std::unique_ptr<StoreWatch> watch;
  };
  // Takes in what was written since the last question.
  void refresh();
  void refresh(Feed& feed);
  void load(Feed& feed);
  void take(const Kind& kind, std::string_view key, const std::string* value);

  Store& store_;
  NodeAuthorizer nodes_;
  rbac::RbacIndex index_;
  std::array<Feed, 4> feeds_;
};

rbac::RuleList rules_from(const google::protobuf::RepeatedPtrField<rbacv1::PolicyRule>& rules);
void add_rule(const rbac::Rule& rule, rbacv1::PolicyRule& out);
// "[a, b]", "a" alone, as Go shows several errors in one.
std::string joined_errors(const std::vector<std::string>& errors);

}  // namespace stint
