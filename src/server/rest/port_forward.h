// pods/<name>/portforward: the client's connections to ports of a pod, many over one connection to us.
// Source: upstream's portforward.k8s.io over SPDY, and v4.channel.k8s.io over a WebSocket, which older client libraries speak. Loop
// thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/pod_forward.h"
#include "server/rest/query.h"
#include "wire/http.h"

namespace stint::rest {

struct ForwardTarget {
  ForwardSource& source;
  std::string sandbox_id;
  std::string pod, uid;  // for what the client is told
};

// As many pairs of streams as the client opens, each a connection. Until the client is gone.
Task<void> forward_streams(Loop& loop, ForwardTarget target, http::ByteStream& bytes);

// The ports of the query; kBadRequest in upstream's words.
Result<std::vector<int>> decode_ports(const Query& query);
// One connection to each port, as a pair of numbered channels. Until all have ended, or the client is gone.
Task<void> forward_channels(Loop& loop, ForwardTarget target, std::vector<int> ports, http::WebSocket& socket);

}  // namespace stint::rest
