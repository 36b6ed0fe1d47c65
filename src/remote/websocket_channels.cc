#include "remote/command_channels.h"

namespace stint {
namespace {

constexpr char kEndOfChannel = static_cast<char>(255);  // the byte after it names the channel

// Each message is led by the byte of its channel.
class WebSocketChannels : public CommandChannels {
 public:
  explicit WebSocketChannels(std::unique_ptr<http::WebSocketClient> socket) : socket_(std::move(socket)) {}

  Task<std::optional<Piece>> receive() override {
    while (auto message = co_await socket_->receive()) {
      if (!message->empty()) co_return Piece{static_cast<CommandChannel>((*message)[0]), message->substr(1)};
    }
    co_return std::nullopt;
  }
  Task<bool> send(Piece piece) override { return socket_->send(static_cast<char>(piece.channel) + std::move(piece.bytes)); }
  Task<bool> end_input() override { return socket_->send({kEndOfChannel, static_cast<char>(CommandChannel::kIn)}); }

 private:
  std::unique_ptr<http::WebSocketClient> socket_;
};

}  // namespace

std::unique_ptr<CommandChannels> make_websocket_channels(std::unique_ptr<http::WebSocketClient> socket) {
  return std::make_unique<WebSocketChannels>(std::move(socket));
}

}  // namespace stint
