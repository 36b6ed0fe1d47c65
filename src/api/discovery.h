// Discovery documents: which groups, versions, resources and verbs are served, made from the list of kinds. Compact JSON.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/kind.h"

namespace stint {

struct GroupVersion {
  std::string_view group;  // "" for core
  std::string_view version;
  bool operator==(const GroupVersion&) const = default;
};
// Each once, in the order of kinds(): the first group that has a name wins where a client is given just the name.
std::vector<GroupVersion> served_group_versions();

std::string api_versions_text(std::string_view server_address);  // /api
std::string api_group_list_text();                               // /apis
std::string api_group_text(std::string_view group);              // /apis/<group>; "" when it is not served
std::string api_resource_list_text(GroupVersion group_version);  // /api/v1, /apis/<group>/<version>; "" when it is not served

// The whole of it in one document, APIGroupDiscoveryList of apidiscovery.k8s.io/v2 or v2beta1: /api has the core group, /apis the others.
std::string aggregated_discovery_text(bool core, std::string_view version);

// Says in which shape objects lie in the store: base64 of the first 8 bytes of the SHA-256 of "<group>/<version>/<Kind>".
std::string storage_version_hash(const Kind& kind);

}  // namespace stint
