// A connection to a port of a pod that another program runs: its bytes and a sentence about its failure as channels of a WebSocket to that
// program. Source: upstream's subprotocol v4.channel.k8s.io for port forwarding, which cannot say that one side has nothing more to say.
// Loop thread only.
#pragma once

#include <memory>
#include <string_view>

#include "api/pod_forward.h"
#include "wire/websocket_client.h"

namespace stint {

inline constexpr std::string_view kForwardVersion4 = "v4.channel.k8s.io";

// `socket` was opened with kForwardVersion4 and one port.
std::unique_ptr<PodConnection> make_remote_connection(std::unique_ptr<http::WebSocketClient> socket);

// "error forwarding port 80 to pod p, uid u: " is what whoever tells it on says in front anew. Pure.
std::string_view without_forward_prefix(std::string_view sentence);

}  // namespace stint
