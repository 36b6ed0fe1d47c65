// A WebSocket (RFC 6455) that we open to a server. Pings are answered below. Loop thread only.
#pragma once

#include <memory>

#include "wire/http_client.h"
#include "wire/websocket_frames.h"

namespace stint::http {

class WebSocketClient {
 public:
  static constexpr size_t kMessageBytesMax = 1024 * 1024;

  // Asks for the upgrade on a fresh connection. An answer that is none becomes an error with its status as code and its body as message.
  static Task<Result<std::unique_ptr<WebSocketClient>>> open(Loop& loop, std::unique_ptr<ClientConnection> connection,
                                                             std::string authority, std::string target, std::string protocol);

  // The next whole message; "" is one too. Nothing once the server has closed, or the connection is lost.
  Task<std::optional<std::string>> receive();
  // A binary message. Several may be sent at once. False: nobody will read it.
  Task<bool> send(std::string message);

 private:
  WebSocketClient(Loop& loop, std::unique_ptr<ClientConnection> connection)
      : loop_(loop), connection_(std::move(connection)), reader_(kMessageBytesMax, FrameReader::From::kServer) {}
  Task<bool> send_frame(Opcode opcode, std::string payload);

  Loop& loop_;
  std::unique_ptr<ClientConnection> connection_;
  FrameReader reader_;
};

}  // namespace stint::http
