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

// A server's certificate, key, and whom it believes. HTTP/2 and HTTP/1.1 are offered by ALPN.
class TlsContext {
 public:
  static Result<TlsContext> make(const TlsOptions& options);
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

// Of a verified client certificate; empty without one.
struct Peer {
  std::string common_name;
  std::vector<std::string> organizations;
  std::string certificate_sha256;
};

// One connection's TLS.
class TlsSession {
 public:
  enum class Status { kDone, kWantsInput, kClosed, kBroken };

  // Whatever is for the socket is appended to `output`, which must outlive the session.
  TlsSession(const TlsContext& context, std::string& output);

  void feed(std::string_view from_socket) { input_ += from_socket; }
  Status handshake();
  // Decrypted bytes; `size` tells how many.
  Status read(char* buffer, size_t buffer_bytes, size_t& size);
  bool write(std::string_view plain);
  void say_goodbye();

  bool chose_http2() const;
  Peer peer() const;

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
