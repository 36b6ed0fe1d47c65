// HTTP as bytes: a server for HTTP/1.1 and HTTP/2, over TLS or plain, which knows no kinds. Handlers run on the loop thread as
// tasks; a client that goes away (its connection, or its stream in one) destroys its handler's task. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "os/descriptor.h"
#include "wire/body.h"
#include "wire/byte_stream.h"
#include "wire/websocket.h"

namespace stint::http {

struct Request {
  std::string method;
  std::string target;  // as sent: path and query
  std::string path;    // percent-decoded is up to the handler; this is the raw path part
  std::string query;   // raw, without '?'
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string remote;  // "127.0.0.1:4242"
  // Of a verified client certificate, "" and empty without one.
  std::string peer_common_name;
  std::vector<std::string> peer_organizations;
  std::string peer_certificate_sha256;  // in hexadecimal

  std::string_view header(std::string_view name) const;  // case-insensitive, "" if absent
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// One answer. Either `send` once, or `begin`, any number of `write`, `end`; or `upgrade`. Each waits while the client is more
// than kUnwaitedBytes behind, so that a slow client holds up its own handler and no memory. False: the client is gone.
class Response {
 public:
  static constexpr size_t kUnwaitedBytes = 64 * 1024;

  virtual ~Response() = default;
  virtual Task<bool> send(int status, Headers headers, Body body) = 0;
  virtual Task<bool> begin(int status, Headers headers) = 0;
  virtual Task<bool> write(Body piece) = 0;
  virtual Task<bool> end() = 0;
  // Makes the connection a WebSocket that lives until the handler returns. Null: the request is no proper handshake, and is to
  // be answered otherwise. `protocol` is one of those offered, or "".
  virtual WebSocket* upgrade(std::string protocol, Headers headers) = 0;
  // Makes the connection one of plain bytes in a protocol that the request asks for (wants_upgrade), until the handler returns. Null: it
  // did not ask, or cannot be answered so any more.
  virtual ByteStream* upgrade_to(std::string_view protocol, Headers headers) = 0;
};

// Whether the request asks for that protocol, "SPDY/3.1", in the place of HTTP/1.1.
bool wants_upgrade(const Request& request, std::string_view protocol);
// The elements of every header of that name, in order; and whether one of them is that word, in whatever case.
std::vector<std::string> elements_of(const Request& request, std::string_view name);
bool has_element(const Request& request, std::string_view name, std::string_view wanted);

using Handler = std::function<Task<void>(Request request, Response& response)>;

struct TlsOptions {
  std::string certificate_pem;  // chain
  std::string key_pem;
  std::string client_ca_pem;  // client certificates signed by it are verified; none is required
};

// What one client may take. docs/stint-serve.md tells users of them.
struct Limits {
  size_t header_bytes_max = 64 * 1024;
  size_t body_bytes_max = 3 * 1024 * 1024;
  size_t bodies_bytes_max = 256 * 1024 * 1024;        // of all requests that are being read or answered; past it: 429
  size_t client_bodies_bytes_max = 64 * 1024 * 1024;  // of those from one address
  size_t connections_max = 4096;
  size_t streams_max = 250;                         // requests at once on one HTTP/2 connection
  size_t message_bytes_max = 1024 * 1024;           // of a WebSocket
  Duration idle_max = std::chrono::seconds(120);    // between requests
  Duration request_max = std::chrono::seconds(60);  // from a request's first byte to its last
  Duration stall_max = std::chrono::seconds(60);    // a client that takes nothing for so long is cut off
  Duration tick = std::chrono::seconds(1);          // how often the three are looked at
};

// A bound socket: clients may connect to it at once, and are answered when a server serves it.
class Listener {
 public:
  // On an IP address; port 0: any free one. The error has the system's words: "listen on 127.0.0.1:6443: Address already in use".
  // Blocks: a port in use is asked for again, for two seconds at most. `early`: the address may come to be only later; half a second.
  static Result<Listener> open(const std::string& address, int port, bool early = false);
  int port() const { return port_; }
  int ip_version() const { return ip_version_; }
  std::string authority() const;  // as a URL has it: "127.0.0.1:6443", "[::1]:6443"
  os::Descriptor take_socket() && { return std::move(socket_); }

 private:
  Listener() = default;
  os::Descriptor socket_;
  std::string address_;
  int port_ = 0;
  int ip_version_ = 4;
};

struct ServerOptions {
  std::optional<TlsOptions> tls;
  Limits limits;
  // Answers for a body over the limit and the like: the handler of protocol errors makes the body from a code and a sentence.
  std::function<std::pair<std::string, std::string>(int code, std::string_view sentence)> error_body;  // content type, body
};

class Server {
 public:
  virtual ~Server() = default;  // closes every connection
  // No new connection, and no new request on those there are: idle ones are closed, HTTP/2 clients are told (GOAWAY).
  virtual void stop_accepting() = 0;
};
// An error if the certificate or its key is not good.
Result<std::unique_ptr<Server>> serve(Loop& loop, Listener listener, ServerOptions options, Handler handler);

// --- text helpers shared by every HTTP surface ---
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
std::string percent_encode(std::string_view text);
// Decoded pairs in order; nothing when malformed.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace stint::http
