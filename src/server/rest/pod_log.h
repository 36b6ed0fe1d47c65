// GET pods/<name>/log: plain text, streamed; also as the messages of a WebSocket. Loop thread only.
#pragma once

#include "api/pod_log.h"
#include "server/rest/query.h"
#include "wire/http.h"

namespace stint::rest {

// kInvalid on PodLogOptions in upstream's words.
Result<LogOptions> decode_log_options(const Query& query, std::string_view pod);

Task<void> stream_log(std::unique_ptr<LogStream> log, http::Headers headers, http::Response& response);

// binary.k8s.io, base64.binary.k8s.io, or "" where none is offered (as the first); nothing when only others are.
std::optional<std::string> choose_log_protocol(const std::vector<std::string>& offered);
// An empty message first, which tells that it begins.
Task<void> stream_log(std::unique_ptr<LogStream> log, http::WebSocket& socket);

}  // namespace stint::rest
