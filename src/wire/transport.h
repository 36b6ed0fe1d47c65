// One client's socket, with TLS or without: bytes in and bytes out, no HTTP. What is written waits in a queue and leaves once a
// turn of the loop, many pieces in one record and one call. Loop thread only.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wire/body.h"
#include "wire/http.h"
#include "wire/tls.h"

namespace stint::http {

using Moment = std::chrono::steady_clock::time_point;

// Buffers that all transports of a loop use in turn, so that an idle one has none.
struct Scratch {
  static constexpr size_t kRecordBytes = 16 * 1024;  // what one TLS record holds
  std::array<char, 64 * 1024> socket;
  std::array<char, kRecordBytes> plain;
};

class Transport final : public std::enable_shared_from_this<Transport> {
 public:
  // Past it nobody is asked for more to send.
  static constexpr size_t kFullBytes = 256 * 1024;
  static constexpr Duration kHandshakeMax = std::chrono::seconds(10);
  static constexpr Duration kLingerMax = std::chrono::seconds(5);  // for the client to close after us

  // Whom it works for. Any of the calls may close().
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void opened() = 0;  // the TLS handshake is over
    virtual void received(std::string_view bytes) = 0;
    virtual void fill() = 0;  // there is room: what there is to send may be written now
    virtual void lost() = 0;  // closed by the client, an error or a stall; the last call
  };

  // `tls`: null for none. REQUIRES: it, the owner and the scratch outlive the transport or its close().
  Transport(boost::asio::ip::tcp::socket socket, const TlsContext* tls, Scratch& scratch, Owner& owner, Moment now);

  void start();
  void write_copy(std::string_view bytes);
  void write(Body::Piece piece);
  void write(Body body);
  void flush_soon();
  size_t backlog() const { return queued_bytes_ + wire_.size() - wire_sent_; }
  bool full() const { return backlog() >= kFullBytes; }

  // Stops reading, so that the client has to wait.
  void pause();
  void resume();

  // Sends what is queued and the end, and waits a moment for the client's: closing with unread input would reset the connection
  // before the client has read the answer. What it sends meanwhile is dropped.
  void finish();
  void close();  // at once; the owner is not called again
  bool closed() const { return closed_; }
  bool finishing() const { return finishing_; }
  void tick(Moment now, Duration stall_max);

  bool chose_http2() const { return tls_ && tls_->chose_http2(); }
  Peer peer() const { return tls_ ? tls_->peer() : Peer(); }
  std::string remote() const;

 private:
  // One piece of the queue: shared, or copied bytes to which more may be added.
  struct Chunk {
    Body::Piece shared;
    std::string copied;
    std::string_view bytes() const { return shared.bytes.empty() ? std::string_view(copied) : shared.bytes; }
  };

  void await_readable();
  void read();
  void decrypt();
  bool shake_hands();
  void flush();
  void encode();
  void encode_record();
  std::string_view gather();
  void take_front(size_t bytes);
  bool send();
  void await_writable();
  void wrote_all();
  void fail();

  boost::asio::ip::tcp::socket socket_;
  Scratch& scratch_;
  Owner* owner_;
  std::deque<Chunk> queue_;
  size_t front_at_ = 0;  // how much of the first chunk is gone
  size_t queued_bytes_ = 0;
  std::string wire_;  // for the socket, encrypted
  size_t wire_sent_ = 0;
  std::optional<TlsSession> tls_;
  Moment now_, started_, progress_, finished_;  // of the tick before: nobody looks at a clock for each piece
  bool open_ = false;
  bool reading_ = false;
  bool paused_ = false;
  bool flush_posted_ = false;
  bool blocked_ = false;  // waits for the socket to take more
  bool finishing_ = false;
  bool goodbye_said_ = false;
  bool end_sent_ = false;
  bool closed_ = false;
};

}  // namespace stint::http
