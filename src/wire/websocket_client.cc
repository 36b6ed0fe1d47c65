#include "wire/websocket_client.h"

#include <openssl/evp.h>

#include "wire/http.h"
#include "wire/websocket_session.h"

namespace stint::http {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr size_t kRefusalBytesMax = 4096;

std::string random_key(Rng& rng) {
  unsigned char bytes[16];
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<unsigned char>(rng.next());
  unsigned char text[4 * ((sizeof bytes + 2) / 3) + 1];
  const int length = EVP_EncodeBlock(text, bytes, sizeof bytes);
  return std::string(reinterpret_cast<char*>(text), static_cast<size_t>(length));
}

// What a server makes of that key.
std::string accept_of(const std::string& key) {
  return accept_of_handshake(
      {.method = "GET", .headers = {{"Connection", "Upgrade"}, {"Sec-WebSocket-Key", key}, {"Sec-WebSocket-Version", "13"}}});
}

}  // namespace

Task<Result<std::unique_ptr<WebSocketClient>>> WebSocketClient::open(Loop& loop, std::unique_ptr<ClientConnection> connection,
                                                                     std::string authority, std::string target, std::string protocol) {
  const std::string key = random_key(loop.rng());
  CO_TRY(const ResponseHead head, co_await connection->get(std::move(authority), std::move(target),
                                                           "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                                           "Sec-WebSocket-Key: " +
                                                               key + "\r\nSec-WebSocket-Protocol: " + protocol + "\r\n"));
  if (head.status != kSwitchingProtocols) {
    std::string why = co_await connection->read_text(kRefusalBytesMax);
    co_return fail(Error{.reason = Reason::kNone, .message = std::move(why), .code = head.status});
  }
  if (head.header("Sec-WebSocket-Accept") != accept_of(key) || head.header("Sec-WebSocket-Protocol") != protocol) {
    co_return fail(Reason::kServiceUnavailable, "the server speaks no " + protocol);
  }
  co_return std::unique_ptr<WebSocketClient>(new WebSocketClient(loop, std::move(connection)));
}

Task<std::optional<std::string>> WebSocketClient::receive() {
  while (true) {
    while (std::optional<FrameReader::Event> event = reader_.next()) {
      if (event->opcode == Opcode::kText || event->opcode == Opcode::kBinary) co_return std::move(event->payload);
      if (event->opcode == Opcode::kPing) static_cast<void>(co_await send_frame(Opcode::kPong, std::move(event->payload)));
      if (event->opcode != Opcode::kClose) continue;
      static_cast<void>(co_await send_frame(Opcode::kClose, event->payload.substr(0, 2)));
      co_return std::nullopt;
    }
    if (reader_.fault() != 0) co_return std::nullopt;
    const auto bytes = co_await connection_->read();
    if (!bytes || bytes->empty()) co_return std::nullopt;
    reader_.feed(*bytes);
  }
}

Task<bool> WebSocketClient::send(std::string message) { return send_frame(Opcode::kBinary, std::move(message)); }

Task<bool> WebSocketClient::send_frame(Opcode opcode, std::string payload) {
  const auto sent = co_await connection_->write(client_frame(opcode, payload, static_cast<uint32_t>(loop_.rng().next())));
  co_return sent.has_value();
}

}  // namespace stint::http
