// What a node may do: what the role system:node has, its own Node, lease and pods alone, and of Secrets, ConfigMaps, claims and accounts
// those that a pod bound to it names. Source: upstream's plugin/pkg/auth/authorizer/node. Loop thread only.
#pragma once

#include <optional>
#include <string>

#include "server/auth/attributes.h"
#include "server/auth/rbac_rules.h"
#include "server/registry.h"

namespace stint {

class NodeAuthorizer {
 public:
  explicit NodeAuthorizer(Registry& registry);

  struct Opinion {
    bool allowed = false;
    std::string reason;  // why not
  };
  // Nothing: the user is no node.
  std::optional<Opinion> decide(const User& user, const Attributes& attributes);

 private:
  Opinion decide_for(const std::string& node, const Attributes& attributes);
  Opinion decide_on_node(const std::string& node, const Attributes& attributes) const;
  Opinion decide_on_pod(const std::string& node, const Attributes& attributes);
  Opinion decide_on_account(const std::string& node, const Attributes& attributes);
  Opinion decide_on_volume(const std::string& node, const Attributes& attributes);
  Opinion if_related(const std::string& node, const Attributes& attributes);
  bool is_related(const std::string& node, const Attributes& attributes);

  Registry& registry_;
  const rbac::RuleIndex rules_;
};

}  // namespace stint
