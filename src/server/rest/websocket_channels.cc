#include "server/rest/websocket_channels.h"

#include <algorithm>

#include "api/base64.h"

namespace stint::rest {
namespace {

constexpr std::string_view kVersion5 = "v5.channel.k8s.io";
constexpr std::string_view kProtocols[] = {kVersion5, "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io",
                                           "base64.channel.k8s.io"};
constexpr size_t kIn = 0, kOut = 1, kErr = 2, kOutcome = 3, kResize = 4;
constexpr size_t kEndOfChannel = 255;  // version 5: the byte after it names the channel

bool is_base64(std::string_view protocol) { return protocol.find("base64") != std::string_view::npos; }
bool tells_status(std::string_view protocol) { return protocol.starts_with("v"); }

}  // namespace

std::optional<std::string> choose_channel_protocol(const std::vector<std::string>& offered) {
  if (offered.empty()) return "";
  for (const std::string_view spoken : kProtocols) {
    if (std::ranges::find(offered, spoken) != offered.end()) return std::string(spoken);
  }
  return std::nullopt;
}

std::optional<ChannelMessage> read_channel_message(const http::WebSocket::Message& message, bool base64) {
  if (message.bytes.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(message.bytes[0]);
  if (!base64) return ChannelMessage{first, message.bytes.substr(1)};
  auto bytes = decode_base64(std::string_view(message.bytes).substr(1));
  if (first < '0' || first > '9' || !bytes) return std::nullopt;
  return ChannelMessage{static_cast<size_t>(first - '0'), *std::move(bytes)};
}

Task<bool> send_channel_message(http::WebSocket& socket, size_t channel, std::string bytes) {
  if (!is_base64(socket.protocol())) {
    http::Body message(std::string(1, static_cast<char>(channel)));
    message.append(std::move(bytes));
    return socket.send(http::WebSocket::Kind::kBinary, std::move(message));
  }
  std::string message(1, static_cast<char>('0' + channel));
  append_base64(bytes, message);
  return socket.send(http::WebSocket::Kind::kText, std::move(message));
}

WebSocketChannels::WebSocketChannels(http::WebSocket& socket, Streams streams) : socket_(socket), streams_(streams) {}

// Tells the client that the session is there, before it has any output.
Task<bool> WebSocketChannels::open() { return send_channel_message(socket_, streams_.out ? kOut : streams_.err ? kErr : kOutcome, ""); }

Task<void> WebSocketChannels::pass_input(ExecSession& session) {
  bool open = streams_.in;
  while (auto message = co_await socket_.receive()) {
    auto told = read_channel_message(*message, is_base64(socket_.protocol()));
    if (!told) continue;
    if (told->channel == kIn && open && !told->bytes.empty()) open = co_await session.write(std::move(told->bytes));
    if (told->channel == kResize) resize_session(told->bytes, session);
    const bool is_end = told->channel == kEndOfChannel && socket_.protocol() == kVersion5 && !told->bytes.empty();
    if (is_end && told->bytes[0] == static_cast<char>(kIn)) session.end_input();
  }
}

Task<bool> WebSocketChannels::send(ExecSession::Stream stream, std::string bytes) {
  return send_channel_message(socket_, stream == ExecSession::Stream::kOut ? kOut : kErr, std::move(bytes));
}

Task<void> WebSocketChannels::finish(Result<int> exit_code) {
  std::string outcome = tells_status(socket_.protocol()) ? outcome_status(exit_code) : outcome_sentence(exit_code);
  if (!outcome.empty()) static_cast<void>(co_await send_channel_message(socket_, kOutcome, std::move(outcome)));
  socket_.close(http::WebSocket::kNormal, "");
}

}  // namespace stint::rest
