#include "server/rest/reply.h"

#include <algorithm>

#include "api/kind.h"
#include "server/rest/status_text.h"

namespace stint::rest {

std::string_view find_header(const http::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Reply text_reply(int code, std::string body) {
  return Reply{code, {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}}, std::move(body)};
}

Reply json_reply(std::string body) { return Reply{200, {{"Content-Type", "application/json"}}, std::move(body)}; }

Reply too_many_requests_reply() {
  Reply reply = text_reply(429, "Too many requests, please try again later.\n");
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

Reply not_found_reply() { return text_reply(404, "404 page not found\n"); }

// "batch" of "/apis/batch/v9/x"; the core group has the prefix "/api/".
Reply nothing_there_reply(std::string_view path) {
  constexpr std::string_view kGroups = "/apis/";
  bool is_served = path.starts_with("/api/") || path.starts_with("/version/");
  if (path.starts_with(kGroups)) {
    path.remove_prefix(kGroups.size());
    const std::string_view group = path.substr(0, path.find('/'));
    is_served = std::ranges::any_of(kinds(), [&](const Kind& kind) { return kind.group == group && !group.empty(); });
  }
  if (!is_served) return not_found_reply();
  return error_reply({.reason = Reason::kNotFound, .message = "the server could not find the requested resource"});
}

Reply method_not_allowed_reply() {
  return error_reply({.reason = Reason::kMethodNotAllowed, .message = "the server does not allow this method on the requested resource"});
}

Reply no_handshake_reply() {
  return error_reply({.reason = Reason::kBadRequest, .message = "the request is no proper WebSocket handshake"});
}

Reply error_reply(const Error& error) {
  Reply reply = json_reply(status_text(error) + "\n");
  reply.code = error.http_status();
  reply.error = error;
  if (error.retry_after_seconds > 0) reply.headers.emplace_back("Retry-After", std::to_string(error.retry_after_seconds));
  return reply;
}

}  // namespace stint::rest
