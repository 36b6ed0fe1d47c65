// GET pods/<name>/exec as a WebSocket: the streams of a command as numbered channels, each message led by the byte of its channel.
// Source: upstream's remotecommand constants and the subprotocols v4.channel.k8s.io and v5.channel.k8s.io. Loop thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/pod_exec.h"
#include "server/rest/query.h"
#include "wire/http.h"

namespace stint::rest {

// kBadRequest in upstream's words.
Result<ExecOptions> decode_exec_options(const Query& query);

// The newest subprotocol offered that is spoken here; nothing when there is none.
std::optional<std::string> exec_protocol(const std::vector<std::string>& offered);

// Until the command has ended and the client was told how, or the client is gone.
Task<void> stream_exec(Loop& loop, std::unique_ptr<ExecSession> session, ExecOptions options, http::WebSocket& socket);

}  // namespace stint::rest
