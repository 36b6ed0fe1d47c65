#include "wire/transport.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

namespace stint::http {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// How much is encrypted before it is sent: little enough to stay in the processor's cache, and in one buffer that is never given
// back and asked for again.
constexpr size_t kRoundBytes = 64 * 1024;
// What encryption adds to a record, generously.
constexpr size_t kRecordHeadBytes = 256;
// How many rounds one turn of the loop has before others get theirs.
constexpr int kRoundsMax = 32;

// A client whose machine is gone says nothing; the kernel finds out.
void keep_alive(int descriptor) {
  const int on = 1, idle_seconds = 60, interval_seconds = 15, probes = 4;
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

}  // namespace

Transport::Transport(tcp::socket socket, const TlsContext* tls, Scratch& scratch, Owner& owner, Moment now)
    : socket_(std::move(socket)), scratch_(scratch), owner_(&owner), now_(now), started_(now), progress_(now) {
  if (tls != nullptr) tls_.emplace(*tls, wire_);
}

void Transport::start() {
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  keep_alive(socket_.native_handle());
  if (!tls_) {
    open_ = true;
    owner_->opened();
  }
  await_readable();
}

std::string Transport::remote() const {
  ErrorCode error;
  const auto endpoint = socket_.remote_endpoint(error);
  return error ? std::string() : endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

// --- reading ---

void Transport::await_readable() {
  if (closed_ || reading_ || paused_) return;
  reading_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](ErrorCode error) {
    self->reading_ = false;
    if (self->closed_) return;
    if (error) return self->fail();
    if (!self->paused_) self->read();
    self->await_readable();
  });
}

void Transport::read() {
  const ssize_t size = ::recv(socket_.native_handle(), scratch_.socket.data(), scratch_.socket.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return fail();
  if (finishing_ && open_) return;  // dropped; the tick ends a client that does not stop
  const std::string_view bytes(scratch_.socket.data(), static_cast<size_t>(size));
  if (!tls_) return owner_->received(bytes);
  tls_->feed(bytes);
  decrypt();
}

bool Transport::shake_hands() {
  const TlsSession::Status status = tls_->handshake();
  if (status == TlsSession::Status::kDone) {
    open_ = true;
    owner_->opened();
    return !closed_;
  }
  if (status == TlsSession::Status::kWantsInput) return false;
  send();  // the alert that says why
  if (!closed_) fail();
  return false;
}

void Transport::decrypt() {
  flush_soon();  // TLS itself may have something to say
  if (!open_ && !shake_hands()) return;
  while (!closed_ && !paused_ && !finishing_) {
    size_t size = 0;
    const TlsSession::Status status = tls_->read(scratch_.plain.data(), scratch_.plain.size(), size);
    if (status == TlsSession::Status::kWantsInput) return;
    if (status != TlsSession::Status::kDone) return fail();
    owner_->received(std::string_view(scratch_.plain.data(), size));
  }
}

void Transport::pause() { paused_ = true; }

void Transport::resume() {
  if (!paused_) return;
  paused_ = false;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->closed_ || self->paused_) return;
    if (self->tls_) self->decrypt();
    self->await_readable();
  });
}

// --- writing ---

void Transport::write_copy(std::string_view bytes) {
  if (closed_ || finishing_ || bytes.empty()) return;
  if (backlog() == 0) progress_ = now_;
  queued_bytes_ += bytes.size();
  if (queue_.empty() || !queue_.back().shared.bytes.empty() || queue_.back().copied.size() >= Scratch::kRecordBytes) queue_.emplace_back();
  queue_.back().copied += bytes;
  flush_soon();
}

void Transport::write(Body::Piece piece) {
  if (closed_ || finishing_ || piece.bytes.empty()) return;
  if (backlog() == 0) progress_ = now_;
  queued_bytes_ += piece.bytes.size();
  queue_.push_back({.shared = std::move(piece), .copied = {}});
  flush_soon();
}

void Transport::write(Body body) {
  for (Body::Piece& piece : std::move(body).take_pieces()) write(std::move(piece));
}

void Transport::flush_soon() {
  if (flush_posted_ || closed_) return;
  flush_posted_ = true;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Transport::flush() {
  for (int round = 0; round < kRoundsMax; ++round) {
    if (closed_ || blocked_) return;
    if (open_ && !finishing_ && !full()) owner_->fill();
    if (closed_) return;
    encode();
    if (wire_.empty()) return wrote_all();
    if (!send()) return;
  }
  flush_soon();
}

void Transport::encode() {
  if (!open_) return;
  while (!closed_ && queued_bytes_ > 0 && wire_.size() + Scratch::kRecordBytes + kRecordHeadBytes <= kRoundBytes) {
    const std::string_view record = gather();
    if (!tls_) {
      wire_ += record;
    } else if (!tls_->write(record)) {
      return fail();
    }
    take_front(record.size());
  }
}

// The next bytes, as many as one record holds: of one chunk as they lie there, of several brought together.
std::string_view Transport::gather() {
  const std::string_view front = queue_.front().bytes().substr(front_at_);
  if (queue_.size() == 1 || front.size() >= Scratch::kRecordBytes) return front.substr(0, Scratch::kRecordBytes);
  size_t size = 0, skipped = front_at_;
  for (const Chunk& chunk : queue_) {
    const std::string_view bytes = chunk.bytes().substr(skipped, Scratch::kRecordBytes - size);
    std::memcpy(scratch_.plain.data() + size, bytes.data(), bytes.size());
    size += bytes.size();
    skipped = 0;
    if (size == Scratch::kRecordBytes) break;
  }
  return {scratch_.plain.data(), size};
}

void Transport::take_front(size_t bytes) {
  queued_bytes_ -= bytes;
  while (bytes > 0) {
    const size_t left = queue_.front().bytes().size() - front_at_;
    if (bytes < left) {
      front_at_ += bytes;
      return;
    }
    bytes -= left;
    front_at_ = 0;
    queue_.pop_front();
  }
}

// False: the socket takes no more, or is gone.
bool Transport::send() {
  while (wire_sent_ < wire_.size()) {
    const ssize_t size = ::send(socket_.native_handle(), wire_.data() + wire_sent_, wire_.size() - wire_sent_, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      await_writable();
      return false;
    }
    if (size < 0) {
      fail();
      return false;
    }
    wire_sent_ += static_cast<size_t>(size);
    progress_ = now_;
  }
  wire_.clear();
  wire_sent_ = 0;
  return true;
}

void Transport::await_writable() {
  if (blocked_) return;
  blocked_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](ErrorCode error) {
    self->blocked_ = false;
    if (self->closed_) return;
    if (error) return self->fail();
    if (self->send()) self->flush();
  });
}

void Transport::wrote_all() {
  if (!finishing_ || end_sent_) return;
  if (tls_ && open_ && !std::exchange(goodbye_said_, true)) {
    tls_->say_goodbye();
    if (!send()) return;
  }
  end_sent_ = true;
  finished_ = now_;
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  if (paused_) {
    paused_ = false;
    await_readable();
  }
}

// --- the end ---

void Transport::finish() {
  if (finishing_) return;
  finishing_ = true;
  flush_soon();
}

void Transport::close() {
  if (closed_) return;
  closed_ = true;
  owner_ = nullptr;
  queue_.clear();
  queued_bytes_ = 0;
  ErrorCode ignored;
  socket_.close(ignored);
}

void Transport::fail() {
  if (closed_) return;
  Owner* owner = owner_;
  close();
  owner->lost();
}

void Transport::tick(Moment now, Duration stall_max) {
  now_ = now;
  const bool handshake_late = !open_ && now - started_ > kHandshakeMax;
  const bool stalled = backlog() > 0 && now - progress_ > stall_max;
  const bool lingers = end_sent_ && now - finished_ > kLingerMax;
  if (handshake_late || stalled || lingers) fail();
}

}  // namespace stint::http
