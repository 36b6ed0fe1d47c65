// One whole HTTP answer, before the headers that every answer has. A plain value.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "wire/http.h"

namespace stint::rest {

struct Reply {
  int code = 200;
  http::Headers headers;  // Content-Type among them
  std::string body;
  std::shared_ptr<const std::string> shared_body;  // instead of `body`: a document that is kept
};

// A header's value, "" if absent.
std::string_view find_header(const http::Headers& headers, std::string_view name);

Reply text_reply(int code, std::string body);
Reply json_reply(std::string body);
// What Go's servers answer to a path nobody serves; clients know the words.
Reply not_found_reply();
// A Status, with Retry-After where the error has one.
Reply error_reply(const Error& error);

}  // namespace stint::rest
