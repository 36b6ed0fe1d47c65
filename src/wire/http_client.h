// One request to an HTTP server, on a connection of its own: the answer's body as a stream, or the bytes of what the connection was
// upgraded to. Loop thread only; destroying it hangs up.
#pragma once

#include <memory>
#include <string>

#include "base/loop.h"
#include "os/socket.h"
#include "wire/http_response.h"
#include "wire/tls.h"

namespace stint::http {

class ClientConnection {
 public:
  // Without a context no TLS is spoken. kServiceUnavailable: nobody is there, or not one whom the authority knows. Waits without end: give
  // it a time limit.
  static Task<Result<std::unique_ptr<ClientConnection>>> open(Loop& loop, os::Endpoint server, std::shared_ptr<const TlsContext> context);

  // Whom the server's certificate names.
  Peer peer() const { return tls_ ? tls_->peer() : Peer(); }

  // Sends a request, and waits for the head of the answer. Once. `headers` are whole lines, each with its end; they tell of the body.
  Task<Result<ResponseHead>> ask(std::string method, std::string authority, std::string target, std::string headers, std::string body = "");
  Task<Result<ResponseHead>> get(std::string authority, std::string target, std::string headers) {
    return ask("GET", std::move(authority), std::move(target), std::move(headers));
  }
  // The next piece of the body; "" at its end.
  Task<Result<std::string>> read_body();
  // The body as far as it goes up to so many bytes.
  Task<std::string> read_text(size_t bytes_max);

  // After a 101. One reader; several may write. read: "" at the end.
  Task<Result<std::string>> read();
  Task<Result<void>> write(std::string bytes);

 private:
  ClientConnection(Loop& loop, os::Descriptor socket, std::shared_ptr<const TlsContext> context);
  Task<Result<void>> shake_hands();
  Task<Result<bool>> receive();  // false: the other side has closed
  Task<Result<void>> flush();
  Task<Result<std::string>> read_plain();

  Loop& loop_;
  os::Descriptor socket_;
  std::shared_ptr<const TlsContext> context_;
  std::string output_;  // before the session, which writes to it
  std::optional<TlsSession> tls_;
  ResponseReader answer_;
  bool flushing_ = false;
  Event flushed_;
};

}  // namespace stint::http
