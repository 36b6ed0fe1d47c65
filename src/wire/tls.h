// TLS by OpenSSL with the bytes in our hands: what came from the socket goes in, what is for the socket comes out. Loop thread only.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stint::http {

struct TlsOptions;

// What a client shows to a server, and whose certificates it believes. Of HTTP only version 1.1 is offered.
struct ClientTlsOptions {
  std::string certificate_pem, key_pem;
  std::string authority_pem;
  bool believes_anyone = false;  // whoever answers at the address is taken for the server
};

// One side's certificate, key, and whom it believes. A server offers HTTP/2 and HTTP/1.1 by ALPN.
class TlsContext {
 public:
  static Result<TlsContext> make(const TlsOptions& options);
  // A server whose certificate the authority did not sign is refused; whom it names is for the caller to look at.
  static Result<TlsContext> make_client(const ClientTlsOptions& options);
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

// Of the other side's verified certificate; empty without one.
struct Peer {
  std::string common_name;
  std::vector<std::string> organizations;
  std::string certificate_sha256;
};

// One connection's TLS.
class TlsSession {
 public:
  enum class Status { kDone, kWantsInput, kClosed, kBroken };
  enum class Role { kServer, kClient };

  // Whatever is for the socket is appended to `output`, which must outlive the session.
  TlsSession(const TlsContext& context, std::string& output, Role role = Role::kServer);

  void feed(std::string_view from_socket) { input_ += from_socket; }
  Status handshake();
  // Decrypted bytes; `size` tells how many.
  Status read(char* buffer, size_t buffer_bytes, size_t& size);
  bool write(std::string_view plain);
  void say_goodbye();

  bool chose_http2() const;
  Peer peer() const;
  // Why the other side's certificate is not believed; "" when nothing is wrong with it.
  std::string distrust() const;

 private:
  friend struct SessionBio;
  Status status_of(int result) const;
  struct Free {
    void operator()(SSL* session) const;
  };
  std::string& output_;
  std::string input_;
  size_t input_at_ = 0;
  std::unique_ptr<SSL, Free> session_;
};

}  // namespace stint::http
