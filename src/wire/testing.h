// For the tests of this folder: a server on a thread of its own, and clients that speak to it over loopback.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "wire/http.h"

namespace stint::http {

// A blocking TCP client.
class TestSocket {
 public:
  explicit TestSocket(int port, const char* own_address = "127.0.0.1") : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in own = address_of(own_address, 0), server = address_of("127.0.0.1", port);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&server), sizeof server), 0);
  }
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;
  ~TestSocket() { hang_up(); }

  int fd() const { return fd_; }
  void hang_up() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // What comes next; "" when the server closed or nothing came in time.
  std::string receive(int wait_ms = 5000) {
    pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, wait_ms) <= 0) return "";
    char buffer[16384];
    const ssize_t size = read(fd_, buffer, sizeof buffer);
    return size > 0 ? std::string(buffer, static_cast<size_t>(size)) : "";
  }
  std::string receive_all() {
    std::string all;
    for (std::string part; !(part = receive()).empty();) all += part;
    return all;
  }
  std::string receive_until(std::string_view end) {
    std::string all;
    while (all.find(end) == std::string::npos) {
      const std::string part = receive();
      if (part.empty()) break;
      all += part;
    }
    return all;
  }

 private:
  static sockaddr_in address_of(const char* host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, host, &address.sin_addr);
    return address;
  }

  int fd_;
};

// Waits up to five seconds for something that another thread does.
inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    usleep(10'000);
  }
  return holds();
}

class LiveServer : public testing::Test {
 protected:
  ~LiveServer() override { stop(); }

  int start() {
    auto listener = Listener::open("127.0.0.1", 0);
    EXPECT_TRUE(listener.has_value());
    const int port = listener->port();
    ServerOptions options{.tls = tls_, .limits = limits_};
    auto server = serve(*loop_, *std::move(listener), std::move(options),
                        [this](Request request, Response& response) { return answer(this, std::move(request), response); });
    EXPECT_TRUE(server.has_value());
    if (server) server_ = *std::move(server);
    thread_ = std::thread([this] { loop_->run(); });
    return port;
  }
  void on_loop(std::function<void()> callback) { loop_->post_from_thread(std::move(callback)); }
  void stop() {
    if (!thread_.joinable()) return;
    loop_->post_from_thread([this] { loop_->stop(); });
    thread_.join();
    server_.reset();
  }

  Limits limits_;
  std::optional<TlsOptions> tls_;
  std::unique_ptr<Loop> loop_ = make_system_loop(1);
  std::unique_ptr<Server> server_;
  std::atomic<int> running_ = 0;  // handlers that have begun and not ended
  std::atomic<int> begun_ = 0;
  std::atomic<int> pieces_ = 0;  // written by /forever

 private:
  struct Running {
    LiveServer& test;
    explicit Running(LiveServer& t) : test(t) {
      ++test.begun_;
      ++test.running_;
    }
    ~Running() { --test.running_; }
  };

  static Task<void> answer(LiveServer* self, Request request, Response& response) {
    Running running(*self);
    const Headers text{{"Content-Type", "text/plain"}};
    if (request.path == "/stream") {
      co_await response.begin(200, text);
      co_await response.write("one");
      co_await response.write("two");
      co_await response.end();
    } else if (request.path == "/big") {
      co_await response.send(200, text, std::string(8 * 1024 * 1024, 'b'));
    } else if (request.path == "/length") {
      co_await response.send(200, text, std::to_string(request.body.size()));
    } else if (request.path == "/forever") {
      bool open = co_await response.begin(200, text);
      while (open) {
        ++self->pieces_;
        open = co_await response.write(std::string(16 * 1024, 'f'));
      }
    } else if (request.path == "/never") {
      Event never(*self->loop_);
      co_await never.wait();
    } else if (request.path == "/soon") {
      co_await sleep_for(*self->loop_, std::chrono::milliseconds(200));
      co_await response.send(200, text, "soon");
    } else if (request.path == "/raw") {
      ByteStream* bytes = response.upgrade_to("SPDY/3.1", {{"X-More", "yes"}});
      if (bytes == nullptr) co_await response.send(400, text, "no upgrade");
      while (bytes != nullptr) {
        auto piece = co_await bytes->receive();
        if (!piece || *piece == "leave") break;
        co_await bytes->send(*std::move(piece));
      }
    } else if (request.path.starts_with("/ws")) {
      co_await answer_websocket(self, std::move(request), response);
    } else if (request.path != "/silent") {
      co_await response.send(200, text, request.method + " " + request.path + "?" + request.query + " " + request.body);
    }
  }

  static Task<void> answer_websocket(LiveServer* self, Request request, Response& response) {
    const std::vector<std::string> offered = offered_protocols(request);
    WebSocket* socket = wants_websocket(request) ? response.upgrade(offered.empty() ? "" : offered.back(), {}) : nullptr;
    if (socket == nullptr) {
      co_await response.send(400, {{"Content-Type", "text/plain"}}, "no websocket");
      co_return;
    }
    if (request.path == "/ws-deaf") {
      socket->ignore_messages();
      co_await socket->send(WebSocket::Kind::kText, "first");
      Event never(*self->loop_);
      co_await never.wait();
    }
    while (auto message = co_await socket->receive()) {
      if (message->bytes == "leave") co_return;
      co_await socket->send(message->kind, std::move(message->bytes));
    }
  }

  std::thread thread_;
};

}  // namespace stint::http
