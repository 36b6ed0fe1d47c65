// A WebSocket (RFC 6455) that a request was upgraded to, seen by its handler. Pings are answered below. Loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "wire/body.h"

namespace stint::http {

struct Request;

class WebSocket {
 public:
  enum class Kind { kText, kBinary };
  struct Message {
    Kind kind = Kind::kBinary;
    std::string bytes;
  };
  // Why it ends, as the protocol numbers it.
  static constexpr uint16_t kNormal = 1000;
  static constexpr uint16_t kProtocolError = 1002;
  static constexpr uint16_t kTooBig = 1009;
  static constexpr uint16_t kInternalError = 1011;

  virtual ~WebSocket() = default;
  // The subprotocol that was chosen, "" none.
  virtual const std::string& protocol() const = 0;
  // The next whole message; nothing once the client has closed. A client that sends faster than this is called has to wait.
  virtual Task<std::optional<Message>> receive() = 0;
  // What the client sends from here on is dropped; its close ends the handler's task.
  virtual void ignore_messages() = 0;
  // One message; waits while the client is far behind. False: it is gone.
  virtual Task<bool> send(Kind kind, Body message) = 0;
  // The last thing said. A handler that returns without it closes with kNormal.
  virtual void close(uint16_t code, std::string_view reason) = 0;
};

// Whether the request asks to become a WebSocket; whether it does so as it should, Response::upgrade finds out.
bool wants_websocket(const Request& request);
// The subprotocols that the client offers, in its order.
std::vector<std::string> offered_protocols(const Request& request);

}  // namespace stint::http
