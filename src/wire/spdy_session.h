// The server's side of SPDY/3.1 over a stream of bytes: the client opens streams, each with headers, and bytes go both ways in each. There
// are no windows: who reads a stream too slowly holds up the connection, and a client that reads too slowly holds up who writes. Loop
// thread only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "wire/byte_stream.h"
#include "wire/spdy_frames.h"

namespace stint::http::spdy {

class Session;

// One stream. Both sides end theirs by themselves. Held by its reader; the session only borrows it, and must outlive it.
class Stream {
 public:
  Stream(Session& session, Frame begin);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();  // tells the client nothing

  uint32_t id() const { return id_; }
  std::string_view header(std::string_view name) const;  // "" if absent
  // What came next; "" at its end, also when the client reset it or is gone. One reader.
  Task<std::string> read();
  // False: the client does not want it any more.
  Task<bool> write(std::string bytes);
  // No more is written. Twice is fine.
  Task<void> finish();
  // The client reset it, or is gone.
  bool is_broken() const { return broken_; }
  Task<void> reset(ResetStatus status);

 private:
  friend class Session;
  void take(Frame frame);
  void take_break();

  Session& session_;
  const uint32_t id_;
  const Headers headers_;
  std::string unread_;
  bool input_ended_ = false;
  bool output_ended_ = false;
  bool broken_ = false;
  Event arrived_;
};

class Session {
 public:
  static constexpr size_t kStreamsMax = 512;             // at once
  static constexpr size_t kUnreadBytesMax = 512 * 1024;  // of all streams; past it nothing more is read
  // How long upstream waits for the streams that belong together.
  static constexpr Duration kOpeningMax = std::chrono::seconds(30);

  // REQUIRES: `bytes` outlives it.
  Session(Loop& loop, ByteStream& bytes);

  // The next stream that the client opened, already answered; null once the client is gone. One caller.
  Task<std::unique_ptr<Stream>> accept();
  // Set when the client is gone.
  Event& gone_event() { return gone_; }
  // Says goodbye; what was written still arrives.
  Task<void> close();

 private:
  friend class Stream;
  Task<void> read_frames();
  Task<void> take(Frame frame);
  Task<void> open_stream(Frame frame);
  bool is_crowded() const;

  Loop& loop_;
  ByteStream& bytes_;
  FrameReader reader_;
  FrameWriter writer_;
  std::map<uint32_t, Stream*> streams_;
  std::deque<std::unique_ptr<Stream>> opened_;  // not accepted yet
  uint32_t last_stream_ = 0;
  bool closed_ = false;
  Event opened_event_, room_, gone_;
  Scope scope_;  // last: destroyed first
};

}  // namespace stint::http::spdy
