// Our client against our server, over TLS on loopback.
#include "wire/http_client.h"

#include "wire/pki.h"
#include "wire/testing.h"
#include "wire/websocket_client.h"

namespace stint::http {
namespace {

class HttpClient : public LiveServer {
 public:
  Loop& loop() { return *loop_; }

 protected:
  HttpClient() {
    const auto server =
        pki::issue_server(authority_, {.common_name = "system:node:n", .organizations = {"system:nodes"}}, {"n"}, now_).value();
    tls_ = TlsOptions{.certificate_pem = server.certificate_pem, .key_pem = server.key_pem, .client_ca_pem = authority_.certificate_pem};
  }

  static WallTime now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
  std::shared_ptr<const TlsContext> context(const pki::KeyPair& believed) const {
    const auto pair = pki::issue_client(authority_, {.common_name = "me", .organizations = {}}, now_).value();
    return std::make_shared<const TlsContext>(
        TlsContext::make_client(
            {.certificate_pem = pair.certificate_pem, .key_pem = pair.key_pem, .authority_pem = believed.certificate_pem})
            .value());
  }
  using Talk = std::function<Task<void>(HttpClient*, Result<std::unique_ptr<ClientConnection>>)>;
  // `talk` gets a connection, on the loop.
  void with_connection(const pki::KeyPair& believed, Talk talk) {
    const int port = start();
    std::atomic<bool> done = false;
    Scope scope(*loop_);
    on_loop([&] { scope.spawn(connect_and(this, port, context(believed), std::move(talk), &done)); });
    EXPECT_TRUE(eventually([&] { return done.load(); }));
    stop();
  }
  static Task<void> connect_and(HttpClient* self, int port, std::shared_ptr<const TlsContext> context, Talk talk, std::atomic<bool>* done) {
    auto connection = co_await ClientConnection::open(*self->loop_, os::Endpoint::of("127.0.0.1", port).value(), std::move(context));
    co_await talk(self, std::move(connection));
    *done = true;
  }

  const WallTime now_ = now();
  const pki::KeyPair authority_ = pki::make_authority("stint", now_).value();
};

Task<std::string> whole_body(ClientConnection& connection) {
  std::string all;
  while (true) {
    const auto piece = co_await connection.read_body();
    EXPECT_TRUE(piece) << piece.error().message;
    if (!piece || piece->empty()) break;
    all += *piece;
  }
  co_return all;
}

Task<void> reads_a_stream(HttpClient*, Result<std::unique_ptr<ClientConnection>> connection) {
  EXPECT_TRUE(connection) << connection.error().message;
  if (!connection) co_return;
  EXPECT_EQ((*connection)->peer().common_name, "system:node:n");
  const auto head = co_await (*connection)->get("n", "/stream", "");
  EXPECT_TRUE(head);
  if (!head) co_return;
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(co_await whole_body(**connection), "onetwo");
}

Task<void> reads_much(HttpClient*, Result<std::unique_ptr<ClientConnection>> connection) {
  if (!connection) co_return;
  const auto head = co_await (*connection)->get("n", "/big", "");
  EXPECT_TRUE(head);
  EXPECT_EQ((co_await whole_body(**connection)).size(), 8u * 1024 * 1024);
}

Task<void> is_refused(HttpClient*, Result<std::unique_ptr<ClientConnection>> connection) {
  EXPECT_FALSE(connection);
  if (connection) co_return;
  EXPECT_NE(connection.error().message.find("TLS handshake: self-signed certificate"), std::string::npos) << connection.error().message;
}

Task<void> speaks_websocket(HttpClient* self, Result<std::unique_ptr<ClientConnection>> connection) {
  if (!connection) co_return;
  auto socket = co_await WebSocketClient::open(self->loop(), *std::move(connection), "n", "/ws", "v5.channel.k8s.io");
  EXPECT_TRUE(socket) << socket.error().message;
  if (!socket) co_return;
  for (const std::string& message : {std::string(), std::string("x"), std::string(300, 'y'), std::string(300'000, 'z')}) {
    EXPECT_TRUE(co_await (*socket)->send(message));
    EXPECT_EQ(co_await (*socket)->receive(), message);
  }
  EXPECT_TRUE(co_await (*socket)->send("leave"));
  EXPECT_EQ(co_await (*socket)->receive(), std::nullopt);
}

Task<void> is_told_why_not(HttpClient* self, Result<std::unique_ptr<ClientConnection>> connection) {
  if (!connection) co_return;
  auto socket = co_await WebSocketClient::open(self->loop(), *std::move(connection), "n", "/length", "v5.channel.k8s.io");
  EXPECT_FALSE(socket);
  if (socket) co_return;
  EXPECT_EQ(socket.error().code, 200);
  EXPECT_EQ(socket.error().message, "0");
}

TEST_F(HttpClient, ReadsABodyAsItComes) { with_connection(authority_, reads_a_stream); }
TEST_F(HttpClient, ReadsALargeBodyWhole) { with_connection(authority_, reads_much); }
TEST_F(HttpClient, BelievesNobodyWhomItsAuthorityDoesNotKnow) { with_connection(pki::make_authority("other", now_).value(), is_refused); }
TEST_F(HttpClient, SendsAndReceivesMessagesOfAnySize) { with_connection(authority_, speaks_websocket); }
TEST_F(HttpClient, IsToldWhyItIsNotUpgraded) { with_connection(authority_, is_told_why_not); }

}  // namespace
}  // namespace stint::http
