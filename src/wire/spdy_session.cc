#include "wire/spdy_session.h"

#include <utility>

#include "base/log.h"

namespace stint::http::spdy {

// --- a stream ---

Stream::Stream(Session& session, Frame begin)
    : session_(session), id_(begin.stream), headers_(std::move(begin.headers)), input_ended_(begin.last), arrived_(session.loop_) {}

Stream::~Stream() { session_.streams_.erase(id_); }

std::string_view Stream::header(std::string_view name) const {
  for (const auto& [key, value] : headers_) {
    if (key == name) return value;
  }
  return {};
}

void Stream::take(Frame frame) {
  if (frame.type == Type::kReset) return take_break();
  if (input_ended_) return;
  unread_ += frame.data;
  input_ended_ = frame.last;
  arrived_.set();
}

void Stream::take_break() {
  input_ended_ = output_ended_ = broken_ = true;
  arrived_.set();
}

Task<std::string> Stream::read() {
  while (unread_.empty() && !input_ended_) {
    arrived_.reset();
    co_await arrived_.wait();
  }
  std::string bytes = std::exchange(unread_, {});
  session_.room_.set();
  co_return bytes;
}

Task<bool> Stream::write(std::string bytes) {
  if (output_ended_) co_return false;
  if (bytes.empty()) co_return true;  // an empty frame would say nothing
  Body frame = data_head(id_, false, bytes.size());
  frame.append(std::move(bytes));
  co_return co_await session_.bytes_.send(std::move(frame)) && !output_ended_;
}

Task<void> Stream::finish() {
  if (std::exchange(output_ended_, true)) co_return;
  static_cast<void>(co_await session_.bytes_.send(data_head(id_, true, 0)));
}

Task<void> Stream::reset(ResetStatus status) {
  input_ended_ = output_ended_ = true;
  unread_.clear();
  arrived_.set();
  session_.room_.set();
  static_cast<void>(co_await session_.bytes_.send(spdy::reset(id_, status)));
}

// --- the session ---

Session::Session(Loop& loop, ByteStream& bytes) : loop_(loop), bytes_(bytes), opened_event_(loop), room_(loop), gone_(loop), scope_(loop) {
  scope_.spawn(read_frames());
}

bool Session::is_crowded() const {
  size_t unread = 0;
  for (const auto& [id, stream] : streams_) unread += stream->unread_.size();
  return unread > kUnreadBytesMax;
}

Task<void> Session::read_frames() {
  while (auto bytes = co_await bytes_.receive()) {
    reader_.feed(*bytes);
    while (std::optional<Frame> frame = reader_.next()) co_await take(*std::move(frame));
    if (!reader_.fault().empty()) {
      log_info("a client speaks no SPDY", "error", reader_.fault());
      break;
    }
    while (is_crowded()) {
      room_.reset();
      co_await room_.wait();
    }
  }
  for (const auto& [id, stream] : streams_) stream->take_break();
  gone_.set();
  opened_event_.set();
}

Task<void> Session::take(Frame frame) {
  if (frame.type == Type::kSynStream) co_return co_await open_stream(std::move(frame));
  if (frame.type == Type::kPing) {
    // Ids of our own pings would be even; we send none.
    if (frame.value % 2 == 1) static_cast<void>(co_await bytes_.send(ping(frame.value)));
    co_return;
  }
  const auto found = streams_.find(frame.stream);
  if (found != streams_.end()) found->second->take(std::move(frame));
}

Task<void> Session::open_stream(Frame frame) {
  const uint32_t id = frame.stream;
  const bool is_next = id % 2 == 1 && id > last_stream_;
  if (!is_next || streams_.size() >= kStreamsMax) {
    const ResetStatus status = is_next ? ResetStatus::kRefusedStream : ResetStatus::kProtocolError;
    static_cast<void>(co_await bytes_.send(reset(id, status)));
    co_return;
  }
  last_stream_ = id;
  auto stream = std::make_unique<Stream>(*this, std::move(frame));
  streams_[id] = stream.get();
  opened_.push_back(std::move(stream));
  opened_event_.set();
  static_cast<void>(co_await bytes_.send(writer_.syn_reply(id, {})));
}

Task<std::unique_ptr<Stream>> Session::accept() {
  while (opened_.empty() && !gone_.is_set()) {
    opened_event_.reset();
    co_await opened_event_.wait();
  }
  if (opened_.empty()) co_return nullptr;
  auto stream = std::move(opened_.front());
  opened_.pop_front();
  co_return stream;
}

Task<void> Session::close() {
  if (std::exchange(closed_, true)) co_return;
  static_cast<void>(co_await bytes_.send(go_away(last_stream_, 0)));
  bytes_.close();
}

}  // namespace stint::http::spdy
