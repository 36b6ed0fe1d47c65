// The listening socket, and the connections that came from it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <unordered_map>

#include "base/log.h"
#include "wire/connection.h"

namespace stint::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// Out of descriptors, most likely: the processor is let go of until some are free again.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

class AsioServer final : public Server {
 public:
  AsioServer(Loop& loop, Listener listener, std::shared_ptr<Shared> shared)
      : context_(*static_cast<asio::io_context*>(asio_context(loop))), acceptor_(context_), shared_(std::move(shared)) {
    const tcp protocol = listener.ip_version() == 4 ? tcp::v4() : tcp::v6();
    acceptor_.assign(protocol, std::move(listener).take_socket().release());
    accept();
  }
  AsioServer(const AsioServer&) = delete;
  AsioServer& operator=(const AsioServer&) = delete;
  ~AsioServer() override {
    *alive_ = false;
    if (timer_ != 0) shared_->loop.cancel_timer(timer_);
    ErrorCode ignored;
    acceptor_.close(ignored);
  }

  void stop_accepting() override {
    ErrorCode ignored;
    acceptor_.close(ignored);
    shared_->draining = true;
    for (Connection* connection : all()) connection->drain();
  }

 private:
  void accept() {
    acceptor_.async_accept([this, alive = alive_](ErrorCode error, tcp::socket socket) {
      if (!*alive || error == asio::error::operation_aborted) return;
      if (error) {
        log_warning("accept failed", "error", error.message());
        shared_->loop.call_after(kAcceptPause, [this, alive] {
          if (*alive && acceptor_.is_open()) accept();
        });
        return;
      }
      if (connections_.size() < shared_->limits.connections_max) open(std::move(socket));
      accept();
    });
  }

  void open(tcp::socket socket) {
    if (timer_ == 0) tick();
    auto retire = [this, id = ++last_id_] {
      asio::post(context_, [this, alive = alive_, id] {
        if (*alive) connections_.erase(id);
      });
    };
    auto connection = std::make_unique<Connection>(shared_, std::move(socket), std::move(retire));
    Connection& opened = *connection;
    connections_.emplace(last_id_, std::move(connection));
    opened.start();
  }

  // Deadlines are looked at once a tick, so that no request has a timer. Without connections there is no tick.
  void tick() {
    shared_->now = std::chrono::steady_clock::now();
    for (Connection* connection : all()) connection->tick();
    timer_ = shared_->loop.call_after(shared_->limits.tick, [this] {
      timer_ = 0;
      if (!connections_.empty()) tick();
    });
  }

  // Connections leave the map only between turns, so these pointers are good until the end of this one.
  std::vector<Connection*> all() const {
    std::vector<Connection*> connections;
    for (const auto& [id, connection] : connections_) connections.push_back(connection.get());
    return connections;
  }

  asio::io_context& context_;
  tcp::acceptor acceptor_;
  std::shared_ptr<Shared> shared_;
  Loop::TimerId timer_ = 0;
  uint64_t last_id_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Result<std::unique_ptr<Server>> serve(Loop& loop, Listener listener, ServerOptions options, Handler handler) {
  auto shared = std::make_shared<Shared>(loop, std::move(handler), options.limits, std::move(options.error_body));
  if (options.tls) {
    TRY(shared->tls, TlsContext::make(*options.tls));
  }
  try {
    return std::make_unique<AsioServer>(loop, std::move(listener), std::move(shared));
  } catch (const boost::system::system_error& error) {
    return fail(Reason::kInternalError, "serve HTTP: " + error.code().message());
  }
}

}  // namespace stint::http
