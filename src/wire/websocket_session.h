// One WebSocket on a connection that was upgraded to it. Loop thread only.
#pragma once

#include <deque>

#include "wire/connection.h"
#include "wire/websocket_frames.h"

namespace stint::http {

// What goes into Sec-WebSocket-Accept; "" when the request is no proper handshake.
std::string accept_of_handshake(const Request& request);

class WebSocketSession final : public WebSocket {
 public:
  WebSocketSession(Connection& connection, std::string protocol);

  const std::string& protocol() const override { return protocol_; }
  Task<std::optional<Message>> receive() override;
  void ignore_messages() override;
  Task<bool> send(Kind kind, Body message) override;
  void close(uint16_t code, std::string_view reason) override;

  // For the connection.
  void received(std::string_view bytes);
  void fill();

 private:
  Transport& transport() { return connection_.transport(); }
  bool gone() { return closed_ || transport().closed() || transport().finishing(); }
  void take(FrameReader::Event event);
  void answer_close(std::string_view payload);
  void write_frame(Opcode opcode, Body payload);

  Connection& connection_;
  const std::string protocol_;
  FrameReader reader_;
  std::deque<Message> messages_;
  size_t messages_bytes_ = 0;
  bool ignoring_ = false;
  bool closed_ = false;  // a close was sent
  Event arrived_, room_;
};

}  // namespace stint::http
