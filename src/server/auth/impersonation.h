// Acting for somebody else: who may, and as whom he then counts. Source: upstream's apiserver/pkg/endpoints/filters/impersonation. Loop
// thread only.
#pragma once

#include "server/auth/authorizer.h"

namespace stint {

// The user that `wanted` (as the client named him, nothing filled in) becomes for this request of `requestor`'s; upstream's 403 when
// neither a right restricted to a kind of users and a verb nor the general one is held.
Result<User> impersonate(Authorizer& authorizer, const User& requestor, const User& wanted, const Attributes& request);

// Namespace and name of "system:serviceaccount:ns:name"; nothing if it is not such a name.
struct AccountName {
  std::string_view ns, name;
};
std::optional<AccountName> parse_account_name(std::string_view user_name);

}  // namespace stint
