// A whole connection, HTTP/2 unless the input begins as HTTP/1.1 does: whatever a client sends, its handlers end with it.
// What the client sends after `===` on a line comes in a turn of the loop of its own.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "fuzz.h"
#include "wire/connection.h"

namespace stint::fuzz {
namespace {

constexpr std::string_view kPreface{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33};
constexpr int kTurns = 8;

int running = 0;
struct Running {
  Running() { ++running; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { --running; }
};

Task<void> answer(http::Request request, http::Response& response) {
  Running counted;
  if (http::wants_websocket(request)) {
    if (http::WebSocket* socket = response.upgrade("", {})) {
      while (auto message = co_await socket->receive()) co_await socket->send(message->kind, std::move(message->bytes));
      co_return;
    }
  }
  if (request.path == "/s") {
    co_await response.begin(200, {{"X-Method", request.method}});
    for (int i = 0; i < 20; ++i) co_await response.write(std::string(10'000, 's'));
    co_await response.end();
    co_return;
  }
  co_await response.send(request.path == "/n" ? 204 : 200, {}, std::move(request.body));
}

void drop_what_came(int descriptor) {
  char buffer[64 * 1024];
  while (recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

void run(std::string_view input) {
  static const std::unique_ptr<Loop> loop = make_system_loop(1);
  auto& context = *static_cast<boost::asio::io_context*>(asio_context(*loop));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
  auto shared = std::make_shared<http::Shared>(*loop, answer, http::Limits{.header_bytes_max = 4096, .body_bytes_max = 8192}, nullptr);
  bool retired = false;
  boost::asio::ip::tcp::socket socket(context, boost::asio::ip::tcp::v4(), ends[0]);
  auto connection = std::make_unique<http::Connection>(shared, std::move(socket), [&retired] { retired = true; });
  connection->start();
  std::string first(input.starts_with("GET ") || input.starts_with("POST ") ? std::string_view() : kPreface);
  for (std::string_view part : parts<4>(input)) {
    first += part;
    (void)!send(ends[1], first.data(), std::min(first.size(), size_t{64 * 1024}), MSG_NOSIGNAL | MSG_DONTWAIT);
    first.clear();
    for (int turn = 0; turn < kTurns && !retired; ++turn) {
      context.restart();
      context.poll();
      drop_what_came(ends[1]);
    }
  }
  close(ends[1]);
  connection.reset();
  context.restart();
  context.poll();
  expect(running == 0, input);
}

}  // namespace stint::fuzz
