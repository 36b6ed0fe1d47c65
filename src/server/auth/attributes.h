// What somebody wants to do, as authorization looks at it. Borrows its texts.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/auth/user.h"

namespace stint {

struct Attributes {
  bool is_resource = true;
  std::string_view verb;  // of a path the method in lower case
  std::string_view group;
  std::string_view resource;
  std::string_view subresource;
  std::string_view ns;             // "" the cluster scope, or all namespaces
  std::string_view name;           // "" no single object
  std::string_view path;           // without a resource
  std::string_view selected_node;  // the node to which the field selector of a list restricts it, "" none
};

// Upstream's 403 for it: `pods "x" is forbidden: User "u" cannot get resource "pods" …`, with the reason at the end if there is one.
Error forbidden_error(const Attributes& attributes, const User& user, std::string_view reason = {});

}  // namespace stint
