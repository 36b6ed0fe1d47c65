// From a probe's or hook's httpGet to the request that it means, and what a redirect may lead to. Pure; any thread.
#pragma once

#include <string>

#include "api/types.h"
#include "base/result.h"
#include "node/probes/fetcher.h"

namespace stint {

// A number, or the name of one of the container's ports, or a number written as text. An error is what a probe's event says.
Result<int> resolve_port(const intstr::IntOrString& port, const corev1::Container& container);
// "10.0.0.1:80", "[::1]:80"
std::string join_host_port(const std::string& host, int port);

// `purpose`: "probe" or "lifecycle", for the User-Agent. Without a host in the action it goes to `address`.
Result<FetchRequest> http_request(const corev1::HTTPGetAction& action, const corev1::Container& container, const std::string& address,
                                  std::string_view purpose);
inline constexpr std::string_view kProbeUserAgent = "kube-probe/1.37";

// The host of a URL, without its port.
std::string host_of(const std::string& url);

}  // namespace stint
