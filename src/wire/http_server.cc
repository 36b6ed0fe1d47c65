// HTTP/1.1 with Boost.Beast's parser over Boost.Asio sockets, TLS by OpenSSL. Beast's exceptions and error codes stop here.
//
// A connection reads one request, runs its handler as a task, and meanwhile keeps one read pending: if the client goes away the
// task is destroyed. What the client sends early (pipelining) stays in the buffer for the next request.
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>
#include <unordered_set>

#include "base/log.h"
#include "wire/http.h"

namespace stint::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr Duration kHandshakeMax = std::chrono::seconds(10);
// A client that takes nothing for this long is cut off.
constexpr Duration kWriteStallMax = std::chrono::seconds(60);
constexpr size_t kReadAheadBytes = 4096;

std::string_view status_text(int status) { return beast::http::obsolete_reason(static_cast<beast::http::status>(status)); }

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  const size_t length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, length);
}

struct Shared {  // what connections need of their server
  Loop& loop;
  Handler handler;
  Limits limits;
  std::function<std::pair<std::string, std::string>(int, std::string_view)> error_body;
  size_t connections = 0;
};

class ConnectionBase {
 public:
  virtual ~ConnectionBase() = default;
  virtual void start() = 0;
  virtual void close() = 0;
};

void read_peer(SSL* session, Request& request) {
  X509* certificate = SSL_get1_peer_certificate(session);
  if (certificate == nullptr) return;
  X509_NAME* name = X509_get_subject_name(certificate);
  auto each = [name](int nid, auto&& take) {
    for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
      unsigned char* text = nullptr;
      const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
      if (length < 0) continue;
      take(std::string(reinterpret_cast<char*>(text), static_cast<size_t>(length)));
      OPENSSL_free(text);
    }
  };
  each(NID_commonName, [&](std::string value) { request.peer_common_name = std::move(value); });
  each(NID_organizationName, [&](std::string value) { request.peer_organizations.push_back(std::move(value)); });
  X509_free(certificate);
}

template <class Stream>
class Connection final : public ConnectionBase, public std::enable_shared_from_this<Connection<Stream>> {
  static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

 public:
  template <class... Args>
  Connection(std::shared_ptr<Shared> shared, tcp::socket socket, Args&... tls)
      : shared_(std::move(shared)),
        stream_(std::move(socket), tls...),
        deadline_(stream_.get_executor()),
        scope_(shared_->loop),
        written_(shared_->loop) {
    ++shared_->connections;
  }
  ~Connection() override { --shared_->connections; }

  void start() override {
    ErrorCode ignored;
    socket().set_option(tcp::no_delay(true), ignored);
    if (const auto endpoint = socket().remote_endpoint(ignored); !ignored) {
      remote_ = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
    }
    if constexpr (kTls) {
      set_deadline(kHandshakeMax);
      stream_.async_handshake(ssl::stream_base::server, [self = this->shared_from_this()](ErrorCode error) {
        if (error) return self->close();
        self->read_header();
      });
    } else {
      read_header();
    }
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    deadline_.cancel();
    ErrorCode ignored;
    socket().shutdown(tcp::socket::shutdown_both, ignored);
    socket().close(ignored);
    scope_.cancel();
  }

 private:
  class Answer final : public Response {
   public:
    explicit Answer(Connection& connection) : connection_(connection) {}
    Task<bool> send(int status, Headers headers, std::string body) override {
      return connection_.send_whole(status, std::move(headers), std::make_shared<const std::string>(std::move(body)));
    }
    Task<bool> send(int status, Headers headers, std::shared_ptr<const std::string> body) override {
      return connection_.send_whole(status, std::move(headers), std::move(body));
    }
    Task<bool> begin(int status, Headers headers) override { return connection_.send_head(status, std::move(headers)); }
    Task<bool> write(std::string chunk) override { return connection_.send_chunk(std::move(chunk)); }
    Task<bool> end() override { return connection_.send_chunk(""); }

   private:
    Connection& connection_;
  };

  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void set_deadline(Duration span) {
    deadline_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(span));
    deadline_.async_wait([weak = this->weak_from_this()](ErrorCode error) {
      if (error) return;
      if (auto self = weak.lock()) self->close();
    });
  }

  // --- reading ---

  void read_header() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes_max));
    parser_->body_limit(shared_->limits.body_bytes_max);
    set_deadline(shared_->limits.idle_max);
    beast::http::async_read_header(stream_, buffer_, *parser_, [self = this->shared_from_this()](ErrorCode error, size_t) {
      if (error) return self->refuse(error);
      self->read_body();
    });
  }

  void read_body() {
    if (beast::iequals(parser_->get()[beast::http::field::expect], "100-continue") && !parser_->is_done()) {
      output_ = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(output_), [self = this->shared_from_this()](ErrorCode error, size_t) {
        if (error) return self->close();
        self->read_rest();
      });
      return;
    }
    read_rest();
  }

  void read_rest() {
    beast::http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](ErrorCode error, size_t) {
      if (error) return self->refuse(error);
      self->run_handler();
    });
  }

  // A request that is no HTTP, or too large: an answer where one can be given, then the end.
  void refuse(ErrorCode error) {
    int status = 0;
    std::string sentence;
    if (error == beast::http::error::body_limit) {
      status = 413;
      sentence = "limit is " + std::to_string(shared_->limits.body_bytes_max);
    } else if (error == beast::http::error::header_limit) {
      status = 431;
      sentence = "request header is too large";
    } else if (error.category() == beast::http::make_error_code(beast::http::error::bad_method).category() &&
               error != beast::http::error::end_of_stream && error != beast::http::error::partial_message) {
      status = 400;
      sentence = "malformed HTTP request: " + error.message();
    }
    if (status == 0 || closed_) return close();
    keep_alive_ = false;
    auto [type, body] =
        shared_->error_body ? shared_->error_body(status, sentence) : std::pair<std::string, std::string>("text/plain", sentence + "\n");
    set_deadline(kWriteStallMax);
    output_ = head(status, {{"Content-Type", type}}, body.size()) + body;
    asio::async_write(stream_, asio::buffer(output_), [self = this->shared_from_this()](ErrorCode, size_t) { self->drain_and_close(); });
  }

  // Closing with unread input would reset the connection before the client has read the answer.
  void drain_and_close() {
    ErrorCode ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
    discard();
  }
  void discard() {
    buffer_.clear();
    socket().async_read_some(buffer_.prepare(kReadAheadBytes), [self = this->shared_from_this()](ErrorCode error, size_t size) {
      self->discarded_ += size;
      if (error || self->discarded_ > 8 * self->shared_->limits.body_bytes_max) return self->close();
      self->discard();
    });
  }

  Request take_request() {
    Request request;
    auto& message = parser_->get();
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    const size_t mark = request.target.find('?');
    request.path = request.target.substr(0, mark);
    if (mark != std::string::npos) request.query = request.target.substr(mark + 1);
    for (const auto& field : message) request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    request.body = std::move(message.body());
    request.remote = remote_;
    if constexpr (kTls) read_peer(stream_.native_handle(), request);
    return request;
  }

  // --- the handler ---

  void run_handler() {
    deadline_.cancel();
    Request request = take_request();
    keep_alive_ = parser_->get().keep_alive();
    head_only_ = request.method == "HEAD";
    answered_ = false;
    parser_.reset();
    watch_for_close();
    scope_.spawn(handle(this->shared_from_this(), std::move(request)));
  }

  static Task<void> handle(std::shared_ptr<Connection> self, Request request) {
    Answer answer(*self);
    co_await self->shared_->handler(std::move(request), answer);
    self->handler_done();
  }

  void handler_done() {
    if (closed_) return;
    if (!answered_ || !keep_alive_ || in_chunks_) return self_close_soon();
    handler_running_ = false;
    if (!read_pending_) return read_header();
    set_deadline(shared_->limits.idle_max);
  }
  // A task must not destroy the scope that it runs in.
  void self_close_soon() {
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] { self->close(); });
  }

  void watch_for_close() {
    handler_running_ = true;
    if (buffer_.size() > 0) return;  // the next request is here already, so the client is too
    read_pending_ = true;
    stream_.async_read_some(buffer_.prepare(kReadAheadBytes), [self = this->shared_from_this()](ErrorCode error, size_t size) {
      self->read_pending_ = false;
      if (error) return self->close();
      self->buffer_.commit(size);
      if (!self->handler_running_) self->read_header();
    });
  }

  // --- writing ---

  std::string head(int status, const Headers& headers, std::optional<size_t> length) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " " + std::string(status_text(status)) + "\r\nDate: " + date_now() + "\r\n";
    for (const auto& [name, value] : headers) {
      text += name;
      text += ": ";
      for (char c : value) text += c == '\r' || c == '\n' ? ' ' : c;  // a value must not start a new header
      text += "\r\n";
    }
    if (length) {
      text += "Content-Length: " + std::to_string(*length) + "\r\n";
    } else {
      text += "Transfer-Encoding: chunked\r\n";
    }
    if (!keep_alive_) text += "Connection: close\r\n";
    return text + "\r\n";
  }

  Task<bool> send_whole(int status, Headers headers, std::shared_ptr<const std::string> body) {
    answered_ = true;
    output_ = head(status, headers, body->size());
    if (head_only_) body = std::make_shared<const std::string>();
    body_ = std::move(body);
    co_return co_await flush();
  }

  Task<bool> send_head(int status, Headers headers) {
    answered_ = in_chunks_ = true;
    output_ = head(status, headers, std::nullopt);
    body_ = nullptr;
    co_return co_await flush();
  }

  Task<bool> send_chunk(std::string chunk) {
    char size[24];
    snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    if (chunk.empty()) in_chunks_ = false;
    output_ = size;
    output_ += chunk;
    output_ += "\r\n";
    body_ = nullptr;
    co_return co_await flush();
  }

  // Writes output_ and then body_. The buffers belong to the connection, so a task destroyed meanwhile leaves them valid.
  Task<bool> flush() {
    if (closed_) co_return false;
    written_.reset();
    set_deadline(kWriteStallMax);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(output_), body_ ? asio::buffer(*body_) : asio::const_buffer()};
    asio::async_write(stream_, parts, [self = this->shared_from_this()](ErrorCode error, size_t) {
      self->deadline_.cancel();
      self->write_failed_ = static_cast<bool>(error);
      self->written_.set();
    });
    co_await written_.wait();
    co_return !write_failed_ && !closed_;
  }

  std::shared_ptr<Shared> shared_;
  Stream stream_;
  asio::steady_timer deadline_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  std::string remote_;
  std::string output_;
  std::shared_ptr<const std::string> body_;
  size_t discarded_ = 0;
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool answered_ = false;
  bool in_chunks_ = false;
  bool closed_ = false;
  bool handler_running_ = false;
  bool read_pending_ = false;
  bool write_failed_ = false;
  Scope scope_;
  Event written_;
};

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11, in, in_size) != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::unique_ptr<ssl::context> make_tls(const TlsOptions& options) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_compression);
  context->use_certificate_chain(asio::buffer(options.certificate_pem));
  context->use_private_key(asio::buffer(options.key_pem), ssl::context::pem);
  if (!options.client_ca_pem.empty()) {
    context->add_certificate_authority(asio::buffer(options.client_ca_pem));
    context->set_verify_mode(ssl::verify_peer);  // asked for, not required
  }
  SSL_CTX_set_session_id_context(context->native_handle(), reinterpret_cast<const unsigned char*>("stint"), 5);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  return context;
}

class BeastServer final : public Server {
 public:
  BeastServer(Loop& loop, Listener listener, ServerOptions options, Handler handler)
      : context_(*static_cast<asio::io_context*>(asio_context(loop))), acceptor_(context_) {
    shared_ = std::make_shared<Shared>(loop, std::move(handler), options.limits, std::move(options.error_body));
    if (options.tls) tls_ = make_tls(*options.tls);
    const tcp protocol = listener.ip_version() == 4 ? tcp::v4() : tcp::v6();
    acceptor_.assign(protocol, std::move(listener).take_socket().release());
    accept();
  }
  ~BeastServer() override {
    *alive_ = false;
    stop_accepting();
    for (const auto& weak : connections_) {
      if (auto connection = weak.lock()) connection->close();
    }
  }

  void stop_accepting() override {
    ErrorCode ignored;
    acceptor_.close(ignored);
  }

 private:
  void accept() {
    acceptor_.async_accept([this, alive = alive_](ErrorCode error, tcp::socket socket) {
      if (!*alive || error == asio::error::operation_aborted) return;
      if (error) {
        // Out of descriptors, most likely: let go of the processor until some are free again.
        log_warning("accept failed", "error", error.message());
        shared_->loop.call_after(std::chrono::milliseconds(100), [this, alive] {
          if (*alive && acceptor_.is_open()) accept();
        });
        return;
      }
      if (shared_->connections < shared_->limits.connections_max) open(std::move(socket));
      accept();
    });
  }

  void open(tcp::socket socket) {
    std::shared_ptr<ConnectionBase> connection;
    if (tls_) {
      connection = std::make_shared<Connection<ssl::stream<tcp::socket>>>(shared_, std::move(socket), *tls_);
    } else {
      connection = std::make_shared<Connection<tcp::socket>>(shared_, std::move(socket));
    }
    if (connections_.size() > 2 * shared_->connections + 16) std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    connections_.push_back(connection);
    connection->start();
  }

  asio::io_context& context_;
  tcp::acceptor acceptor_;
  std::unique_ptr<ssl::context> tls_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::weak_ptr<ConnectionBase>> connections_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Result<std::unique_ptr<Server>> serve(Loop& loop, Listener listener, ServerOptions options, Handler handler) {
  try {
    return std::make_unique<BeastServer>(loop, std::move(listener), std::move(options), std::move(handler));
  } catch (const boost::system::system_error& error) {
    return fail(Reason::kInternalError, "serve HTTP: " + error.code().message());
  }
}

}  // namespace stint::http
