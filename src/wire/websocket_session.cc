#include "wire/websocket_session.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace stint::http {
namespace {

// Messages that the handler has not received yet. Past it the client has to wait.
constexpr size_t kUnreceivedBytes = 256 * 1024;
constexpr size_t kUnreceivedMax = 1024;
constexpr size_t kKeyCharacters = 24;  // sixteen bytes in base64
constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

bool wants_websocket(const Request& request) { return has_element(request, "Upgrade", "websocket"); }

std::vector<std::string> offered_protocols(const Request& request) { return elements_of(request, "Sec-WebSocket-Protocol"); }

std::string accept_of_handshake(const Request& request) {
  const std::string_view key = request.header("Sec-WebSocket-Key");
  if (request.method != "GET" || !has_element(request, "Connection", "upgrade") || key.size() != kKeyCharacters) return "";
  if (request.header("Sec-WebSocket-Version") != "13") return "";
  const std::string text = std::string(key) + std::string(kKeySuffix);
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char encoded[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const int length = EVP_EncodeBlock(encoded, digest, SHA_DIGEST_LENGTH);
  return std::string(reinterpret_cast<char*>(encoded), static_cast<size_t>(length));
}

WebSocketSession::WebSocketSession(Connection& connection, std::string protocol)
    : connection_(connection),
      protocol_(std::move(protocol)),
      reader_(connection.shared().limits.message_bytes_max),
      arrived_(connection.shared().loop),
      room_(connection.shared().loop) {}

// --- from the client ---

void WebSocketSession::received(std::string_view bytes) {
  if (gone()) return;
  reader_.feed(bytes);
  while (!gone()) {
    std::optional<FrameReader::Event> event = reader_.next();
    if (!event) break;
    take(*std::move(event));
  }
  if (reader_.fault() != 0) close(reader_.fault(), "");
  if (messages_bytes_ > kUnreceivedBytes || messages_.size() > kUnreceivedMax) transport().pause();
}

void WebSocketSession::take(FrameReader::Event event) {
  switch (event.opcode) {
    case Opcode::kText:
    case Opcode::kBinary:
      if (ignoring_) return;
      messages_bytes_ += event.payload.size();
      messages_.push_back({.kind = event.opcode == Opcode::kText ? Kind::kText : Kind::kBinary, .bytes = std::move(event.payload)});
      return arrived_.set();
    case Opcode::kPing:
      // A client that pings and reads nothing is not answered for ever.
      if (transport().full()) return connection_.close();
      return write_frame(Opcode::kPong, std::move(event.payload));
    case Opcode::kClose:
      return answer_close(event.payload);
    case Opcode::kPong:
    case Opcode::kContinuation:
      return;
  }
}

// The same code back, and the end: a handler that receives is told, any other is destroyed with the connection.
void WebSocketSession::answer_close(std::string_view payload) {
  write_frame(Opcode::kClose, std::string(payload.substr(0, 2)));
  closed_ = true;
  transport().finish();
  arrived_.set();
  room_.set();
}

Task<std::optional<WebSocket::Message>> WebSocketSession::receive() {
  while (messages_.empty() && !gone()) {
    arrived_.reset();
    co_await arrived_.wait();
  }
  if (messages_.empty()) co_return std::nullopt;
  Message message = std::move(messages_.front());
  messages_.pop_front();
  messages_bytes_ -= message.bytes.size();
  if (messages_.empty()) transport().resume();
  co_return message;
}

void WebSocketSession::ignore_messages() {
  ignoring_ = true;
  messages_.clear();
  messages_bytes_ = 0;
  transport().resume();
}

// --- to the client ---

void WebSocketSession::write_frame(Opcode opcode, Body payload) {
  transport().write_copy(frame_head(opcode, payload.size()));
  transport().write(std::move(payload));
}

Task<bool> WebSocketSession::send(Kind kind, Body message) {
  if (gone()) co_return false;
  write_frame(kind == Kind::kText ? Opcode::kText : Opcode::kBinary, std::move(message));
  while (!gone() && transport().backlog() > Response::kUnwaitedBytes) {
    room_.reset();
    co_await room_.wait();
  }
  co_return !gone();
}

void WebSocketSession::close(uint16_t code, std::string_view reason) {
  if (gone()) return;
  write_frame(Opcode::kClose, close_payload(code, reason));
  closed_ = true;
  transport().finish();
  arrived_.set();
  room_.set();
}

void WebSocketSession::fill() {
  if (transport().backlog() <= Response::kUnwaitedBytes) room_.set();
}

}  // namespace stint::http
