// The streams of a command as another program carries them: numbered channels over a WebSocket, or streams of SPDY/3.1. Source: upstream's
// remotecommand constants. Loop thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "wire/websocket_client.h"

namespace stint {

enum class CommandChannel : char { kIn = 0, kOut = 1, kErr = 2, kOutcome = 3, kResize = 4 };

class CommandChannels {
 public:
  struct Piece {
    CommandChannel channel = CommandChannel::kOut;
    std::string bytes;
  };
  virtual ~CommandChannels() = default;
  // What came next; nothing once nothing more comes.
  virtual Task<std::optional<Piece>> receive() = 0;
  // False: nobody will read it, or there is no such stream. One sender.
  virtual Task<bool> send(Piece piece) = 0;
  virtual Task<bool> end_input() = 0;
};

// Of kubelets: version 5 of the protocol, in which standard input can be ended.
inline constexpr std::string_view kCommandProtocol = "v5.channel.k8s.io";
std::unique_ptr<CommandChannels> make_websocket_channels(std::unique_ptr<http::WebSocketClient> socket);

// Of container runtimes, whose WebSockets know no such end. Asks for the upgrade on a fresh connection, and opens the streams that are
// wanted.
struct CommandStreams {
  bool in = false, out = false, err = false, resize = false;
};
Task<Result<std::unique_ptr<CommandChannels>>> open_spdy_channels(std::unique_ptr<http::ClientConnection> connection, std::string authority,
                                                                  std::string target, CommandStreams wanted);

}  // namespace stint
