#include "runtime/crun/pod_connection.h"

#include <sys/socket.h>

#include "os/namespaces.h"
#include "os/socket.h"

namespace stint::crun {
namespace {

constexpr size_t kPieceBytesMax = 32 * 1024;

class SocketConnection final : public PodConnection {
 public:
  SocketConnection(Loop& loop, os::Descriptor socket) : loop_(loop), socket_(std::move(socket)) {}

  Task<Result<std::string>> read() override {
    while (true) {
      co_await readable(loop_, socket_.get());
      bool end = false;
      auto bytes = os::read_available(socket_.get(), kPieceBytesMax, &end);
      if (!bytes) co_return "";  // reset
      if (!bytes->empty() || end) co_return *std::move(bytes);
    }
  }
  Task<bool> write(std::string bytes) override {
    const auto sent = co_await os::send_bytes(loop_, socket_.get(), std::move(bytes));
    co_return sent.has_value();
  }
  void end_output() override { shutdown(socket_.get(), SHUT_WR); }

 private:
  Loop& loop_;
  const os::Descriptor socket_;
};

// A socket stays in the network namespace that it was made in, whoever uses it.
Result<os::Descriptor> make_socket_in(const std::string& network_path, const os::Endpoint& to) {
  if (network_path.empty()) return os::make_stream_socket(to);
  os::Descriptor made;
  TRY_VOID(os::in_pinned_namespaces({network_path}, [&]() -> Result<void> {
    TRY(made, os::make_stream_socket(to));
    return {};
  }));
  return made;
}

Task<Result<os::Descriptor>> connect_to(Loop& loop, std::string network_path, std::string address, int port) {
  CO_TRY(const os::Endpoint to, os::Endpoint::of(address, port));
  auto made = co_await on_pool(loop, [network_path = std::move(network_path), to] { return make_socket_in(network_path, to); });
  if (!made) co_return std::unexpected(std::move(made).error());
  co_return co_await os::connect_stream(loop, *std::move(made), to);
}

}  // namespace

Task<Result<std::unique_ptr<PodConnection>>> connect_to_pod(Loop& loop, std::string network_path, int port) {
  auto connected = co_await connect_to(loop, network_path, "127.0.0.1", port);
  if (!connected) {
    const std::string first = connected.error().message;
    connected = co_await connect_to(loop, network_path, "::1", port);
    if (!connected) {
      co_return fail(Reason::kInternalError, "failed to connect to localhost:" + std::to_string(port) + " inside the pod, IPv4: " + first +
                                                 ", IPv6: " + connected.error().message);
    }
  }
  co_return std::make_unique<SocketConnection>(loop, *std::move(connected));
}

}  // namespace stint::crun
