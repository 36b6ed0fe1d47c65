// A command in a container that another program runs: its streams as channels of a WebSocket to that program, the exit code by the last of
// them. Source: upstream's remotecommand constants and the subprotocols v5.channel.k8s.io and v4.channel.k8s.io. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/pod_exec.h"
#include "base/loop.h"
#include "wire/websocket_client.h"

namespace stint {

// Of kubelets; and the one that older container runtimes speak, in which standard input cannot be ended.
inline constexpr std::string_view kCommandVersion5 = "v5.channel.k8s.io", kCommandVersion4 = "v4.channel.k8s.io";

// `protocol` is the one that the socket was opened with.
std::unique_ptr<ExecSession> make_remote_command(Loop& loop, std::unique_ptr<http::WebSocketClient> socket, std::string_view protocol);

// The exit code that a Status tells; its message as an error when it tells none. Pure.
Result<int> exit_code_of(std::string_view status);

}  // namespace stint
