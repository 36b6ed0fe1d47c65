#include "server/rest/pod_log.h"

#include <algorithm>

#include "api/base64.h"
#include "api/field_path.h"
#include "server/errors.h"

namespace stint::rest {
namespace {

constexpr std::string_view kBinary = "binary.k8s.io", kBase64 = "base64.binary.k8s.io";

void check_log_options(const LogOptions& options, FieldErrors& errors) {
  if (options.tail_lines.value_or(0) < 0) {
    errors.invalid("tailLines", shown(*options.tail_lines), "must be greater than or equal to 0");
  }
  if (options.limit_bytes.value_or(1) < 1) errors.invalid("limitBytes", shown(*options.limit_bytes), "must be greater than 0");
  if (options.since_seconds && options.since_time) {
    errors.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
  } else if (options.since_seconds.value_or(1) < 1) {
    errors.invalid("sinceSeconds", shown(*options.since_seconds), "must be greater than 0");
  }
}

}  // namespace

Result<LogOptions> decode_log_options(const Query& query, std::string_view pod) {
  LogOptions options;
  options.container = query.text("container");
  options.follow = query.flag("follow");
  options.previous = query.flag("previous");
  options.timestamps = query.flag("timestamps");
  TRY(options.since_seconds, query.integer("sinceSeconds"));
  TRY(options.tail_lines, query.integer("tailLines"));
  TRY(options.limit_bytes, query.integer("limitBytes"));
  if (auto since = query.find("sinceTime"); since && !since->empty()) {
    options.since_time = parse_rfc3339(*since);
    if (!options.since_time) return fail(Reason::kBadRequest, "sinceTime: " + quote(*since) + " is not an RFC 3339 time");
  }
  FieldErrors errors;
  check_log_options(options, errors);
  if (query.find("stream")) errors.forbidden("stream", "may not be specified");
  if (!errors.empty()) return fail(invalid("PodLogOptions", pod, errors));
  return options;
}

Task<void> stream_log(std::unique_ptr<LogStream> log, http::Headers headers, http::Response& response) {
  bool open = co_await response.begin(200, std::move(headers));
  while (open) {
    std::optional<std::string> chunk = co_await log->next();
    if (!chunk) break;
    if (!chunk->empty()) open = co_await response.write(*std::move(chunk));
  }
  if (open) co_await response.end();
}

std::optional<std::string> choose_log_protocol(const std::vector<std::string>& offered) {
  if (offered.empty()) return "";
  for (const std::string_view spoken : {kBinary, kBase64}) {
    if (std::ranges::find(offered, spoken) != offered.end()) return std::string(spoken);
  }
  return std::nullopt;
}

Task<void> stream_log(std::unique_ptr<LogStream> log, http::WebSocket& socket) {
  using Kind = http::WebSocket::Kind;
  const bool is_text = socket.protocol() == kBase64;
  socket.ignore_messages();
  bool open = co_await socket.send(is_text ? Kind::kText : Kind::kBinary, "");
  while (open) {
    std::optional<std::string> chunk = co_await log->next();
    if (!chunk) break;
    if (is_text) {
      std::string encoded;
      append_base64(*chunk, encoded);
      chunk = std::move(encoded);
    }
    if (!chunk->empty()) open = co_await socket.send(is_text ? Kind::kText : Kind::kBinary, *std::move(chunk));
  }
  if (open) socket.close(http::WebSocket::kNormal, "");
}

}  // namespace stint::rest
