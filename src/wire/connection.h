// What the parts of the HTTP server share: one connection, and the protocol that is spoken on it. Loop thread only.
#pragma once

#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wire/transport.h"

namespace stint::http {

// What connections have of their server.
struct Shared {
  using ErrorBody = std::function<std::pair<std::string, std::string>(int, std::string_view)>;
  Shared(Loop& its_loop, Handler its_handler, Limits its_limits, ErrorBody its_error_body)
      : loop(its_loop), handler(std::move(its_handler)), limits(its_limits), error_body(std::move(its_error_body)) {}

  Loop& loop;
  const Handler handler;
  const Limits limits;
  const ErrorBody error_body;
  std::optional<TlsContext> tls;
  Scratch scratch;
  Moment now;                                                      // of the last tick
  size_t bodies_bytes = 0;                                         // of all requests being read or answered
  std::map<std::string, size_t, std::less<>> client_bodies_bytes;  // the same by the client's address, without zeroes
  bool draining = false;                                           // no new requests

  // Content type and body of an answer that no handler gives.
  std::pair<std::string, std::string> error_text(int status, std::string_view sentence) const;
  const std::string& date();  // for the header; made once a second

 private:
  std::time_t date_second_ = 0;
  std::string date_;
};

// A request's part in what bodies take: of all clients, and of its own, since whoever may connect may send bodies, known or not.
class BodyShare {
 public:
  BodyShare(Shared& shared, std::string address) : shared_(shared), address_(std::move(address)) {}
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { set(0); }
  // False: over one of the limits. A request without a body is within them.
  bool set(size_t bytes);

 private:
  Shared& shared_;
  const std::string address_;
  size_t bytes_ = 0;
};

// Splits a target into path and query.
void set_target(std::string target, Request& request);
// A header's value must not start a new header.
std::string header_value(std::string_view value);
std::string_view status_phrase(int status);
// Sentences of answers that no handler gives.
std::string too_large_sentence(const Limits& limits);
inline constexpr std::string_view kTooManyBytes = "Too many requests, please try again later.";

class Connection;

// HTTP/1.1 or HTTP/2. Handlers run in scopes of the protocol; destroying it cancels them.
class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void received(std::string_view bytes) = 0;
  virtual void fill() = 0;
  virtual void tick() = 0;
  virtual void drain() = 0;  // no new requests; closes when the present ones are answered
};
std::unique_ptr<Protocol> make_http1(Connection& connection);
std::unique_ptr<Protocol> make_http2(Connection& connection);

class Connection final : public Transport::Owner {
 public:
  // `retire` destroys the connection, later: it is called once, from within the connection.
  Connection(std::shared_ptr<Shared> shared, boost::asio::ip::tcp::socket socket, std::function<void()> retire);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  void start() { transport_->start(); }
  void tick();
  void drain();

  Shared& shared() { return *shared_; }
  Transport& transport() { return *transport_; }
  // The client's, without the port.
  std::string address() const { return remote_.substr(0, remote_.rfind(':')); }
  // A request with what is known of the client.
  Request new_request() const;
  // Also from within a handler.
  void close();

 private:
  void opened() override;
  void received(std::string_view bytes) override;
  void fill() override;
  void lost() override;

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Transport> transport_;
  std::function<void()> retire_;
  const Moment since_;
  std::string remote_;
  Peer peer_;
  std::unique_ptr<Protocol> protocol_;
};

}  // namespace stint::http
