// pods/[scheme:]<name>[:port]/proxy/path: the request goes on to what listens at the pod's address, and its answer comes back as it comes,
// piece by piece; an upgrade makes the two connections one. Source: upstream's pkg/registry/core/pod and apimachinery/pkg/util/proxy, whose
// rewriting of links in pages is left out. Loop thread only; the functions on texts are pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/types.h"
#include "base/loop.h"
#include "server/rest/reply.h"
#include "wire/http.h"
#include "wire/http_response.h"

namespace stint::rest {

// What the name in such a path is made of.
struct ProxyName {
  std::string scheme;  // "http" or "https"
  std::string pod;
  std::string port;  // "" unless named
};
// kBadRequest in upstream's words.
Result<ProxyName> parse_proxy_name(const std::string& text);

struct ProxyPlace {
  std::string address, port;
};
// The port named, or else the first that a container declares, or else the scheme's. kBadRequest unless the pod has an address that others
// can have: the way to this machine's own services is not by way of a pod.
Result<ProxyPlace> find_proxy_place(const ProxyName& name, const corev1::Pod& pod);

// As the target of a request; the query as it was sent.
std::string proxy_target(std::string_view decoded_path, std::string_view query);
// The client's headers but for those that belong to its connection and those that tell who it is, as lines; with who it came for.
// `upgrade`: the protocol that the client asks for, "" none. `prefix`: see proxied_location.
std::string proxy_request_headers(const http::Request& request, std::string_view prefix, std::string_view path, std::string_view upgrade);
// The pod's headers but for those that belong to its connection, and those by which a page of the pod could speak for the server.
http::Headers proxy_answer_headers(const http::ResponseHead& head);
// Where a redirection of the pod leads for the client. `host`: as the client calls the server; `place`: the pod's own; `prefix`: the path
// down to "proxy".
std::string proxied_location(std::string location, std::string_view host, std::string_view place, std::string_view prefix);

struct PodProxyCall {
  Loop& loop;
  const http::Request& http;
  http::Response& response;
  ProxyName name;
  const corev1::Pod& pod;
  std::string path;               // of the whole request, decoded
  std::string proxied_path;       // what of it is for the pod
  http::Headers headers;          // of every answer
  std::function<void(int)> head;  // called with the status before the first byte of an answer that is streamed
};
// Nothing: the answer was streamed. kServiceUnavailable when nobody answers there. REQUIRES: what the call refers to outlives the task.
Task<std::optional<Reply>> answer_pod_proxy(PodProxyCall call);

}  // namespace stint::rest
