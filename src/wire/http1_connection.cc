// HTTP/1.1: one request at a time, and what the client sends early (pipelining) kept for the next; WebSockets after an upgrade.
#include <strings.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <optional>

#include "wire/connection.h"
#include "wire/http1_parser.h"
#include "wire/raw_session.h"
#include "wire/websocket_session.h"

namespace stint::http {
namespace {

// What is read ahead of a request that is being answered. Past it the client has to wait.
constexpr size_t kReadAheadBytes = 64 * 1024;

class Http1 final : public Protocol {
 public:
  explicit Http1(Connection& connection)
      : connection_(connection), since_(shared().now), room_(shared().loop), answer_(*this), scope_(shared().loop) {}
  ~Http1() override { *alive_ = false; }

  void received(std::string_view bytes) override;
  void fill() override;
  void tick() override;
  void drain() override;

 private:
  class Answer final : public Response {
   public:
    explicit Answer(Http1& http) : http_(http) {}
    Task<bool> send(int status, Headers headers, Body body) override { return http_.send(status, std::move(headers), std::move(body)); }
    Task<bool> begin(int status, Headers headers) override { return http_.begin(status, std::move(headers)); }
    Task<bool> write(Body piece) override { return http_.write(std::move(piece)); }
    Task<bool> end() override { return http_.end(); }
    WebSocket* upgrade(std::string protocol, Headers headers) override { return http_.upgrade(std::move(protocol), headers); }
    ByteStream* upgrade_to(std::string_view protocol, Headers headers) override { return http_.upgrade_to(protocol, headers); }

   private:
    Http1& http_;
  };

  Shared& shared() { return connection_.shared(); }
  Transport& transport() { return connection_.transport(); }

  void read_requests();
  void say_continue();
  void refuse(int status, std::string_view sentence);
  void run_handler();
  static Task<void> handle(Http1* self, Request request);
  void handler_done();
  void read_on_soon();

  std::string head(int status, const Headers& headers, std::optional<size_t> length);
  bool gone() { return transport().closed() || transport().finishing(); }
  Task<bool> send(int status, Headers headers, Body body);
  Task<bool> begin(int status, Headers headers);
  Task<bool> write(Body piece);
  Task<bool> end();
  Task<bool> settle();
  WebSocket* upgrade(std::string protocol, const Headers& headers);
  ByteStream* upgrade_to(std::string_view protocol, const Headers& headers);
  void switch_protocols(Headers heads, const Headers& more);

  Connection& connection_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::string input_;
  std::optional<Http1Parser> parser_;
  std::optional<BodyShare> share_;
  Moment since_;  // when the request began, or the wait for one
  bool continued_ = false;
  // Of the request being answered.
  bool busy_ = false;
  bool keep_alive_ = true;
  bool http10_ = false;
  bool head_only_ = false;
  bool answered_ = false;
  bool streaming_ = false;
  std::string upgrade_accept_;         // the answer to a WebSocket handshake, "" when there was none
  std::vector<std::string> upgrades_;  // the protocols that the request asks for
  std::unique_ptr<WebSocketSession> websocket_;
  std::unique_ptr<RawSession> raw_;
  Event room_;
  Answer answer_;
  Scope scope_;  // last: its tasks use all of this
};

// --- reading ---

void Http1::received(std::string_view bytes) {
  if (websocket_) return websocket_->received(bytes);
  if (raw_) return raw_->received(bytes);
  input_ += bytes;
  if (!busy_) return read_requests();
  if (input_.size() >= kReadAheadBytes) transport().pause();
}

void Http1::read_requests() {
  while (!busy_ && !input_.empty() && !gone()) {
    if (!parser_) {
      if (shared().draining) return connection_.close();
      parser_.emplace(shared().limits);
      share_.emplace(shared(), connection_.address());
      since_ = shared().now;
      continued_ = false;
    }
    const Http1Parser::State state = parser_->feed(input_);
    if (state == Http1Parser::State::kRefused) return refuse(parser_->status(), parser_->sentence());
    if (!share_->set(parser_->body_bytes())) return refuse(429, kTooManyBytes);
    if (state == Http1Parser::State::kWantsMore) return say_continue();
    run_handler();
  }
}

void Http1::say_continue() {
  if (continued_ || !parser_->waits_for_continue()) return;
  continued_ = true;
  transport().write_copy("HTTP/1.1 100 Continue\r\n\r\n");
}

// A request that is no HTTP, or too large: an answer, then the end.
void Http1::refuse(int status, std::string_view sentence) {
  auto [type, body] = shared().error_text(status, sentence);
  share_.reset();
  parser_.reset();
  keep_alive_ = false;
  Headers headers{{"Content-Type", type}};
  if (status == 429) headers.emplace_back("Retry-After", "1");
  transport().write_copy(head(status, headers, body.size()));
  transport().write_copy(body);
  transport().finish();
}

void Http1::tick() {
  if (busy_ || gone()) return;
  const Duration limit = parser_ ? shared().limits.request_max : shared().limits.idle_max;
  if (shared().now - since_ > limit) connection_.close();
}

void Http1::drain() {
  if (!busy_ && !parser_ && !gone()) connection_.close();
}

void Http1::fill() {
  if (transport().backlog() <= Response::kUnwaitedBytes) room_.set();
  if (websocket_) websocket_->fill();
  if (raw_) raw_->fill();
}

// --- the handler ---

void Http1::run_handler() {
  Request request = connection_.new_request();
  parser_->take(request);
  keep_alive_ = parser_->keep_alive();
  http10_ = parser_->is_http10();
  parser_.reset();
  head_only_ = request.method == "HEAD";
  answered_ = streaming_ = false;
  upgrade_accept_ = wants_websocket(request) ? accept_of_handshake(request) : "";
  upgrades_ = has_element(request, "Connection", "upgrade") ? elements_of(request, "Upgrade") : std::vector<std::string>();
  busy_ = true;
  scope_.spawn(handle(this, std::move(request)));
}

Task<void> Http1::handle(Http1* self, Request request) {
  co_await self->shared().handler(std::move(request), self->answer_);
  self->handler_done();
}

void Http1::handler_done() {
  share_.reset();
  if (websocket_) return websocket_->close(WebSocket::kNormal, "");
  if (raw_) return raw_->close();
  if (gone()) return;
  if (!answered_ || streaming_) return connection_.close();  // the client must not take it for a whole answer
  if (!keep_alive_) return transport().finish();
  busy_ = false;
  since_ = shared().now;
  read_on_soon();
}

// Not from within the handler's task.
void Http1::read_on_soon() {
  transport().resume();
  if (input_.empty() && !shared().draining) return;
  boost::asio::post(*static_cast<boost::asio::io_context*>(asio_context(shared().loop)), [this, alive = alive_] {
    if (!*alive || gone()) return;
    if (shared().draining) return transport().finish();
    read_requests();
  });
}

// --- the answer ---

std::string Http1::head(int status, const Headers& headers, std::optional<size_t> length) {
  if (shared().draining) keep_alive_ = false;
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(status_phrase(status)).append("\r\nDate: ").append(shared().date()).append("\r\n");
  for (const auto& [name, value] : headers) text.append(name).append(": ").append(header_value(value)).append("\r\n");
  const bool bodyless = status == 101 || status == 204 || status == 304;
  if (bodyless) {
    // Neither length nor end: there is no body to be told of.
  } else if (length) {
    text.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
  } else if (http10_) {
    keep_alive_ = false;  // the end of the connection is the end of the answer
  } else {
    text += "Transfer-Encoding: chunked\r\n";
  }
  if (!keep_alive_ && status != 101) text += "Connection: close\r\n";
  return text + "\r\n";
}

Task<bool> Http1::send(int status, Headers headers, Body body) {
  answered_ = true;
  transport().write_copy(head(status, headers, body.size()));
  if (!head_only_) transport().write(std::move(body));
  return settle();
}

Task<bool> Http1::begin(int status, Headers headers) {
  answered_ = streaming_ = true;
  transport().write_copy(head(status, headers, std::nullopt));
  return settle();
}

Task<bool> Http1::write(Body piece) {
  if (piece.empty() || head_only_) return settle();
  if (!http10_) {
    char size[24];
    const int length = snprintf(size, sizeof size, "%zx\r\n", piece.size());
    transport().write_copy({size, static_cast<size_t>(length)});
  }
  transport().write(std::move(piece));
  if (!http10_) transport().write_copy("\r\n");
  return settle();
}

Task<bool> Http1::end() {
  streaming_ = false;
  if (!http10_ && !head_only_) transport().write_copy("0\r\n\r\n");
  return settle();
}

Task<bool> Http1::settle() {
  while (!gone() && transport().backlog() > Response::kUnwaitedBytes) {
    room_.reset();
    co_await room_.wait();
  }
  co_return !gone();
}

WebSocket* Http1::upgrade(std::string protocol, const Headers& headers) {
  if (upgrade_accept_.empty() || answered_ || gone()) return nullptr;
  Headers all{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", upgrade_accept_}};
  if (!protocol.empty()) all.emplace_back("Sec-WebSocket-Protocol", protocol);
  switch_protocols(std::move(all), headers);
  websocket_ = std::make_unique<WebSocketSession>(connection_, std::move(protocol));
  if (!input_.empty()) websocket_->received(std::exchange(input_, {}));
  return websocket_.get();
}

ByteStream* Http1::upgrade_to(std::string_view protocol, const Headers& headers) {
  const bool asked = std::ranges::any_of(upgrades_, [&](const std::string& one) {
    return one.size() == protocol.size() && strncasecmp(one.data(), protocol.data(), one.size()) == 0;
  });
  if (!asked || answered_ || gone()) return nullptr;
  switch_protocols({{"Upgrade", std::string(protocol)}}, headers);
  raw_ = std::make_unique<RawSession>(connection_);
  if (!input_.empty()) raw_->received(std::exchange(input_, {}));
  return raw_.get();
}

void Http1::switch_protocols(Headers heads, const Headers& more) {
  answered_ = true;
  heads.emplace_back("Connection", "Upgrade");
  heads.insert(heads.end(), more.begin(), more.end());
  transport().write_copy(head(101, heads, std::nullopt));
}

}  // namespace

std::unique_ptr<Protocol> make_http1(Connection& connection) { return std::make_unique<Http1>(connection); }

}  // namespace stint::http
