// The streams of a session as the numbered channels of a WebSocket, each message led by its channel.
// Source: upstream's subprotocols v5.channel.k8s.io, v4.channel.k8s.io, v4.base64.channel.k8s.io, channel.k8s.io, base64.channel.k8s.io.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/rest/remote_channels.h"
#include "wire/http.h"

namespace stint::rest {

// The newest subprotocol offered that is spoken here, "" where none is offered (channel.k8s.io then); nothing when there is none.
std::optional<std::string> choose_channel_protocol(const std::vector<std::string>& offered);

// A message of such a subprotocol: the channel's byte and the bytes, or its digit and them in base64. Channels past 9 have no digit.
struct ChannelMessage {
  size_t channel = 0;
  std::string bytes;
};
std::optional<ChannelMessage> read_channel_message(const http::WebSocket::Message& message, bool base64);
Task<bool> send_channel_message(http::WebSocket& socket, size_t channel, std::string bytes);

class WebSocketChannels final : public Channels {
 public:
  // REQUIRES: the socket outlives it.
  WebSocketChannels(http::WebSocket& socket, Streams streams);
  Task<bool> open() override;
  Task<void> pass_input(ExecSession& session) override;
  Task<bool> send(ExecSession::Stream stream, std::string bytes) override;
  Task<void> finish(Result<int> exit_code) override;

 private:
  http::WebSocket& socket_;
  const Streams streams_;
};

}  // namespace stint::rest
