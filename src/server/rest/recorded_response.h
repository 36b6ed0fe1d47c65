// A fake http::Response for the tests of this folder: keeps what was sent. Loop thread only.
#pragma once

#include <string>

#include "wire/http.h"

namespace stint::rest {

class RecordedResponse : public http::Response {
 public:
  Task<bool> send(int status, http::Headers headers, http::Body body) override {
    code = status;
    sent = std::move(headers);
    text = body.text();
    ended = true;
    co_return true;
  }
  Task<bool> begin(int status, http::Headers headers) override {
    code = status;
    sent = std::move(headers);
    co_return true;
  }
  Task<bool> write(http::Body piece) override {
    text += piece.text();
    co_return !gone;
  }
  Task<bool> end() override {
    ended = true;
    co_return true;
  }
  http::WebSocket* upgrade(std::string protocol, http::Headers headers) override {
    if (websocket == nullptr) return nullptr;
    code = 101;
    sent = std::move(headers);
    chosen_protocol = std::move(protocol);
    return websocket;
  }
  http::ByteStream* upgrade_to(std::string_view protocol, http::Headers headers) override {
    if (bytes == nullptr) return nullptr;
    code = 101;
    sent = std::move(headers);
    chosen_protocol = protocol;
    return bytes;
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
  bool gone = false;                     // set by a test: the client closed
  http::WebSocket* websocket = nullptr;  // set by a test: what an upgrade gives
  http::ByteStream* bytes = nullptr;     // the same for other upgrades
  std::string chosen_protocol;
};

}  // namespace stint::rest
