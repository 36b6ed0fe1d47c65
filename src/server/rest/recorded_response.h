// A fake http::Response for the tests of this folder: keeps what was sent. Loop thread only.
#pragma once

#include <string>

#include "wire/http.h"

namespace stint::rest {

class RecordedResponse : public http::Response {
 public:
  Task<bool> send(int status, http::Headers headers, std::string body) override {
    code = status;
    sent = std::move(headers);
    text = std::move(body);
    ended = true;
    co_return true;
  }
  Task<bool> send(int status, http::Headers headers, std::shared_ptr<const std::string> body) override {
    return send(status, std::move(headers), std::string(*body));
  }
  Task<bool> begin(int status, http::Headers headers) override {
    code = status;
    sent = std::move(headers);
    co_return true;
  }
  Task<bool> write(std::string chunk) override {
    text += chunk;
    co_return !gone;
  }
  Task<bool> end() override {
    ended = true;
    co_return true;
  }
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : sent) {
      if (key == name) return value;
    }
    return {};
  }

  int code = 0;
  http::Headers sent;
  std::string text;  // the body, or all chunks
  bool ended = false;
  bool gone = false;  // set by a test: the client closed
};

}  // namespace stint::rest
