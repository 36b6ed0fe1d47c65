#include "wire/http_client.h"

namespace stint::http {
namespace {

constexpr size_t kReadBytes = 16 * 1024;

std::unexpected<Error> unavailable(std::string message) { return fail(Reason::kServiceUnavailable, std::move(message)); }

}  // namespace

ClientConnection::ClientConnection(Loop& loop, os::Descriptor socket, std::shared_ptr<const TlsContext> context)
    : loop_(loop), socket_(std::move(socket)), context_(std::move(context)), flushed_(loop) {
  if (context_) tls_.emplace(*context_, output_, TlsSession::Role::kClient);
}

Task<Result<std::unique_ptr<ClientConnection>>> ClientConnection::open(Loop& loop, os::Endpoint server,
                                                                       std::shared_ptr<const TlsContext> context) {
  auto socket = co_await os::connect_stream(loop, server);
  if (!socket) co_return unavailable(socket.error().message);
  std::unique_ptr<ClientConnection> made(new ClientConnection(loop, *std::move(socket), std::move(context)));
  if (made->tls_) CO_TRY_VOID(co_await made->shake_hands());
  co_return made;
}

Task<Result<void>> ClientConnection::shake_hands() {
  while (true) {
    const TlsSession::Status status = tls_->handshake();
    CO_TRY_VOID(co_await flush());
    if (status == TlsSession::Status::kDone) co_return Result<void>();
    if (status != TlsSession::Status::kWantsInput) {
      const std::string why = tls_->distrust();
      co_return unavailable("TLS handshake: " + (why.empty() ? "the other side speaks no TLS that is spoken here" : why));
    }
    CO_TRY(const bool open, co_await receive());
    if (!open) co_return unavailable("TLS handshake: the other side hung up");
  }
}

Task<Result<bool>> ClientConnection::receive() {
  co_await readable(loop_, socket_.get());
  bool end = false;
  CO_TRY(const std::string bytes, os::read_available(socket_.get(), kReadBytes, &end));
  tls_->feed(bytes);
  co_return !bytes.empty() || !end;
}

// One at a time, so that what was encrypted first is sent first.
Task<Result<void>> ClientConnection::flush() {
  while (flushing_) {
    flushed_.reset();
    co_await flushed_.wait();
  }
  flushing_ = true;
  Result<void> sent;
  while (sent && !output_.empty()) sent = co_await os::send_bytes(loop_, socket_.get(), std::exchange(output_, {}));
  flushing_ = false;
  flushed_.set();
  co_return sent;
}

Task<Result<ResponseHead>> ClientConnection::ask(std::string method, std::string authority, std::string target, std::string headers,
                                                 std::string body) {
  if (method == "HEAD") answer_.expect_no_body();
  std::string head = method + " " + target + " HTTP/1.1\r\nHost: " + authority + "\r\n" + headers + "\r\n";
  CO_TRY_VOID(co_await write(std::move(head) + body));
  while (!answer_.head()) {
    CO_TRY(const std::string bytes, co_await read());
    CO_TRY_VOID(bytes.empty() ? answer_.end() : answer_.feed(bytes));
  }
  co_return *answer_.head();
}

Task<Result<std::string>> ClientConnection::read_body() {
  while (true) {
    if (std::string body = answer_.take_body(); !body.empty() || answer_.done()) co_return body;
    CO_TRY(const std::string bytes, co_await read());
    CO_TRY_VOID(bytes.empty() ? answer_.end() : answer_.feed(bytes));
  }
}

Task<std::string> ClientConnection::read_text(size_t bytes_max) {
  std::string text;
  while (text.size() < bytes_max) {
    const auto piece = co_await read_body();
    if (!piece || piece->empty()) break;
    text += *piece;
  }
  text.resize(std::min(text.size(), bytes_max));
  co_return text;
}

Task<Result<std::string>> ClientConnection::read() {
  if (answer_.head() && answer_.done()) {
    if (std::string rest = answer_.take_rest(); !rest.empty()) co_return rest;
  }
  if (!tls_) co_return co_await read_plain();
  std::string bytes(kReadBytes, '\0');
  while (true) {
    size_t size = 0;
    const TlsSession::Status status = tls_->read(bytes.data(), bytes.size(), size);
    if (!output_.empty()) CO_TRY_VOID(co_await flush());
    if (status == TlsSession::Status::kDone) {
      bytes.resize(size);
      co_return bytes;
    }
    if (status == TlsSession::Status::kClosed) co_return std::string();
    if (status == TlsSession::Status::kBroken) co_return unavailable("the connection broke");
    CO_TRY(const bool open, co_await receive());
    if (!open) co_return std::string();
  }
}

Task<Result<std::string>> ClientConnection::read_plain() {
  while (true) {
    co_await readable(loop_, socket_.get());
    bool end = false;
    CO_TRY(std::string bytes, os::read_available(socket_.get(), kReadBytes, &end));
    if (!bytes.empty() || end) co_return bytes;
  }
}

Task<Result<void>> ClientConnection::write(std::string bytes) {
  if (!tls_) {
    output_ += bytes;
  } else if (!tls_->write(bytes)) {
    co_return unavailable("the connection broke");
  }
  co_return co_await flush();
}

}  // namespace stint::http
