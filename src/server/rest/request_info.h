// What a path asks for, before it is known whether such a thing is served: the same reading authorizes and routes.
// Source: upstream's apiserver/pkg/endpoints/request. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "server/rest/query.h"
#include "server/server.h"

namespace stint::rest {

struct RequestInfo {
  bool is_resource = false;
  std::string path;  // decoded
  std::string verb;  // "list" …; of a non-resource path the method in lower case
  std::string group;
  std::string version;
  std::string ns;
  std::string resource;
  std::string name;
  std::string subresource;
  std::string selected_name;  // the one object that a list or watch is restricted to by its field selector
  std::string selected_node;  // the node to which it restricts a list, watch or deletion of many
  bool too_deep = false;      // segments past the subresource: but of what is handed on, nothing here is served so deep
  std::string handed_on;      // what stands behind nodes/NAME/proxy, encoded: "/metrics/cadvisor"
  std::string proxied_path;   // what stands behind pods/NAME/proxy, decoded; "" of a path that ends there
};

// Those that are answered by streams both ways, and by what listens in a pod.
bool is_pod_stream(std::string_view subresource);
bool is_pod_proxy(const RequestInfo& info);

RequestInfo parse_request_info(std::string_view method, std::string decoded_path, const Query& query);

// As authorization looks at it; borrows from `info`.
Attributes attributes_of(const RequestInfo& info);

}  // namespace stint::rest
