#include "remote/remote_connection.h"

namespace stint {
namespace {

constexpr size_t kData = 0, kFailure = 1, kChannels = 2;

class RemoteConnection final : public PodConnection {
 public:
  explicit RemoteConnection(std::unique_ptr<http::WebSocketClient> socket) : socket_(std::move(socket)) {}

  Task<Result<std::string>> read() override {
    while (auto message = co_await socket_->receive()) {
      const size_t channel = message->empty() ? kChannels : static_cast<unsigned char>((*message)[0]);
      if (channel >= kChannels) continue;
      if (!std::exchange(begun_[channel], true)) continue;  // the first names the port
      message->erase(0, 1);
      if (message->empty()) continue;
      if (channel == kFailure) co_return fail(Reason::kInternalError, std::string(without_forward_prefix(*message)));
      co_return *std::move(message);
    }
    co_return "";
  }
  Task<bool> write(std::string bytes) override { return socket_->send(std::string(1, kData) + bytes); }
  void end_output() override {}

 private:
  std::unique_ptr<http::WebSocketClient> socket_;
  bool begun_[kChannels] = {};
};

}  // namespace

std::string_view without_forward_prefix(std::string_view sentence) {
  if (!sentence.starts_with("error forwarding port ")) return sentence;
  const size_t uid = sentence.find(", uid "), colon = sentence.find(": ", uid);
  return uid == std::string_view::npos || colon == std::string_view::npos ? sentence : sentence.substr(colon + 2);
}

std::unique_ptr<PodConnection> make_remote_connection(std::unique_ptr<http::WebSocketClient> socket) {
  return std::make_unique<RemoteConnection>(std::move(socket));
}

}  // namespace stint
