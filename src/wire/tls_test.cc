#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "wire/pki.h"
#include "wire/testing.h"

namespace stint::http {
namespace {

class Tls : public LiveServer {
 protected:
  Tls() {
    const WallTime now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    authority_ = pki::make_authority("stint", now).value();
    const auto server = pki::issue_server(authority_, {.common_name = "stint", .organizations = {}}, {"127.0.0.1"}, now).value();
    tls_ = TlsOptions{.certificate_pem = server.certificate_pem, .key_pem = server.key_pem, .client_ca_pem = authority_.certificate_pem};
    context_ = SSL_CTX_new(TLS_client_method());
  }
  ~Tls() override {
    if (session_ != nullptr) SSL_SESSION_free(session_);
    SSL_CTX_free(context_);
  }

  // One request over HTTP/1.1, or the choice of the protocol alone.
  std::string talk(int port, std::string_view protocols, const std::string& request) {
    TestSocket socket(port);
    SSL* ssl = SSL_new(context_);
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()), static_cast<unsigned>(protocols.size()));
    if (session_ != nullptr) SSL_set_session(ssl, session_);
    SSL_set_fd(ssl, socket.fd());
    EXPECT_EQ(SSL_connect(ssl), 1);
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    chosen_ = std::string(reinterpret_cast<const char*>(name), size);
    std::string received;
    if (!request.empty()) {
      SSL_write(ssl, request.data(), static_cast<int>(request.size()));
      char buffer[16384];
      for (int got; (got = SSL_read(ssl, buffer, sizeof buffer)) > 0;) received.append(buffer, static_cast<size_t>(got));
    }
    resumed_ = SSL_session_reused(ssl) == 1;
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else freeing it spoils its session
    if (session_ != nullptr) SSL_SESSION_free(session_);
    session_ = SSL_get1_session(ssl);
    SSL_shutdown(ssl);  // or OpenSSL takes the session for a broken one
    SSL_free(ssl);
    return received;
  }

  pki::KeyPair authority_;
  SSL_CTX* context_ = nullptr;
  SSL_SESSION* session_ = nullptr;
  std::string chosen_;
  bool resumed_ = false;
};

constexpr std::string_view kBoth{"\x02h2\x08http/1.1", 12};
constexpr std::string_view kOnly11{"\x08http/1.1", 9};

TEST_F(Tls, TheProtocolIsChosenInTheHandshake) {
  const int port = start();
  talk(port, kBoth, "");
  EXPECT_EQ(chosen_, "h2");
  talk(port, kOnly11, "");
  EXPECT_EQ(chosen_, "http/1.1");
  talk(port, "", "");
  EXPECT_EQ(chosen_, "");
}

TEST_F(Tls, LargeAnswersPassWhole) {
  const int port = start();
  const std::string request = "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  EXPECT_GT(talk(port, kOnly11, request).size(), 8u * 1024 * 1024);
}

// A client gives up a session when the clock has stepped under it, so one refusal proves nothing; three do.
TEST_F(Tls, SessionsAreResumed) {
  const int port = start();
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  talk(port, kOnly11, request);
  EXPECT_FALSE(resumed_);
  EXPECT_EQ(SSL_SESSION_is_resumable(session_), 1);
  for (int i = 0; i < 3 && !resumed_; ++i) talk(port, kOnly11, request);
  EXPECT_TRUE(resumed_);
}

TEST_F(Tls, PlainTextIsNotServed) {
  TestSocket socket(start());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(socket.receive_all().find("HTTP"), std::string::npos);
  EXPECT_EQ(begun_, 0);
}

}  // namespace
}  // namespace stint::http
