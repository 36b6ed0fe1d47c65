// GET pods/<name>/log: plain text, streamed. Loop thread only.
#pragma once

#include "api/pod_log.h"
#include "server/rest/query.h"
#include "wire/http.h"

namespace stint::rest {

// kInvalid on PodLogOptions in upstream's words.
Result<LogOptions> decode_log_options(const Query& query, std::string_view pod);

Task<void> stream_log(std::unique_ptr<LogStream> log, http::Headers headers, http::Response& response);

}  // namespace stint::rest
