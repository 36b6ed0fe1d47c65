// One whole HTTP answer, before the headers that every answer has. A plain value.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "wire/http.h"

namespace stint::rest {

struct Reply {
  int code = 200;
  http::Headers headers;  // Content-Type among them
  http::Body body;
  std::optional<Error> error;  // that the body tells, for the audit log
};

// A header's value, "" if absent.
std::string_view find_header(const http::Headers& headers, std::string_view name);

Reply text_reply(int code, std::string body);
Reply json_reply(std::string body);
// The client, or all of them, sent more than is worked on.
Reply too_many_requests_reply();
// What Go's servers answer to a path nobody serves; clients know the words.
Reply not_found_reply();
// To a path that leads nowhere: a Status where some group is served, as upstream.
Reply nothing_there_reply(std::string_view path);
Reply method_not_allowed_reply();
// To one who asks for a WebSocket and does not do it as the protocol has it.
Reply no_handshake_reply();
// A Status, with Retry-After where the error has one.
Reply error_reply(const Error& error);

}  // namespace stint::rest
