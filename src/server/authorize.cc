#include <algorithm>
#include <array>

#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

std::string_view verb_name(Verb verb) {
  static constexpr std::array<std::string_view, 8> kNames = {"get",    "list",  "watch",  "create",
                                                             "update", "patch", "delete", "deletecollection"};
  return kNames[static_cast<size_t>(verb)];
}

Result<void> authorize(const Request& request) {
  const std::vector<std::string>& groups = request.user.groups;
  if (std::find(groups.begin(), groups.end(), "system:masters") != groups.end()) return {};
  const Kind& kind = *request.kind;
  std::string resource(kind.plural);
  if (!request.subresource.empty()) resource += "/" + request.subresource;
  std::string why = "User " + quote(request.user.name) + " cannot " + std::string(verb_name(request.verb)) + " resource " +
                    quote(resource) + " in API group " + quote(kind.group);
  why += request.ns.empty() ? " at the cluster scope" : " in the namespace " + quote(request.ns);
  return fail(forbidden(kind, request.name, why));
}

}  // namespace stint
