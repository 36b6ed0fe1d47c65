// Bytes both ways with one client: what a connection is after an upgrade to a protocol that is not HTTP's. Loop thread only.
#pragma once

#include <optional>
#include <string>

#include "base/task.h"
#include "wire/body.h"
#include "wire/websocket.h"

namespace stint::http {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // What came next; nothing once the client is gone. A client that sends faster than this is called has to wait.
  virtual Task<std::optional<std::string>> receive() = 0;
  // All of it before what is sent later; waits while the client is far behind. False: it is gone.
  virtual Task<bool> send(Body bytes) = 0;
  // Nothing more is sent; what was, still arrives.
  virtual void close() = 0;
};

// Through the binary messages of a WebSocket, however they are cut. REQUIRES: the socket outlives it.
class WebSocketTunnel final : public ByteStream {
 public:
  explicit WebSocketTunnel(WebSocket& socket) : socket_(socket) {}
  Task<std::optional<std::string>> receive() override {
    std::optional<WebSocket::Message> message = co_await socket_.receive();
    if (!message) co_return std::nullopt;
    co_return std::move(message->bytes);
  }
  Task<bool> send(Body bytes) override { return socket_.send(WebSocket::Kind::kBinary, std::move(bytes)); }
  void close() override { socket_.close(WebSocket::kNormal, ""); }

 private:
  WebSocket& socket_;
};

}  // namespace stint::http
