// HTTP/2: many requests on one connection, by nghttp2, which keeps the rules of the protocol: flow control, the order of frames,
// how many streams, resets and continuations a client may send. Here are the handlers, and what nghttp2 has no limit for.
#include <algorithm>
#include <unordered_map>

#include "wire/http2_stream.h"

namespace stint::http {
namespace {

constexpr uint32_t kStreamWindowBytes = 256 * 1024;  // what a client may send before it is read
constexpr int32_t kConnectionWindowBytes = 1024 * 1024;
// Frames that ask for work and carry nothing (PING, SETTINGS, PRIORITY, empty DATA, unknown ones): so many at once, and each second.
constexpr double kIdleFramesBurst = 1000;
constexpr double kIdleFramesPerSecond = 100;
// Streams that a client opened and reset again.
constexpr uint64_t kResetsBurst = 1000;
constexpr uint64_t kResetsPerSecond = 33;
constexpr size_t kFrameHeadBytes = 9;

std::string_view view(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

class Http2 final : public Protocol {
 public:
  explicit Http2(Connection& connection);
  ~Http2() override;

  void received(std::string_view bytes) override;
  void fill() override;
  void tick() override;
  void drain() override;

 private:
  Shared& shared() { return connection_.shared(); }
  Transport& transport() { return connection_.transport(); }
  Http2Stream* find(int32_t id);
  void open_session();
  void calm_down();
  void forget_done();
  static Task<void> handle(Http2* self, Http2Stream* stream, int32_t id);
  void run_handler(Http2Stream& stream, int32_t id);

  // nghttp2's callbacks; `self` is an Http2.
  static nghttp2_session_callbacks* callbacks();
  static int began_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* self);
  static int began_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int got_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes, const uint8_t* value,
                        size_t value_bytes, uint8_t flags, void* self);
  static int got_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int got_data(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t bytes, void* self);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t bytes, nghttp2_data_source* source, void* self);
  static int sent_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int stream_closed(nghttp2_session*, int32_t id, uint32_t error_code, void* self);

  Connection& connection_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::vector<int32_t> done_;  // whose handler has ended after the stream: to be forgotten
  Moment since_;               // when the last stream ended
  Moment refilled_;
  double idle_frames_left_ = kIdleFramesBurst;
  bool draining_ = false;
};

Http2::Http2(Connection& connection) : connection_(connection), since_(shared().now), refilled_(shared().now) { open_session(); }

Http2::~Http2() {
  streams_.clear();
  nghttp2_session_del(session_);
}

void Http2::open_session() {
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_stream_reset_rate_limit(options, kResetsBurst, kResetsPerSecond);
  nghttp2_session_server_new2(&session_, callbacks(), this, options);
  nghttp2_option_del(options);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<uint32_t>(shared().limits.streams_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      // One answer after the other (RFC 9218), not all of them in turns: the client can read the first while the next are under way.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(shared().limits.header_bytes_max)}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
  transport().flush_soon();
}

void Http2::received(std::string_view bytes) {
  forget_done();
  const ssize_t read = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (read < 0) return connection_.close();
  transport().flush_soon();
}

void Http2::fill() {
  forget_done();
  while (!transport().full()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) return connection_.close();
    if (size == 0) break;
    transport().write_copy(view(bytes, static_cast<size_t>(size)));
  }
  const bool over = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
  const bool drained = draining_ && streams_.empty() && nghttp2_session_want_write(session_) == 0;
  if (over || drained) transport().finish();
}

void Http2::tick() {
  const double seconds = std::chrono::duration<double>(shared().now - refilled_).count();
  idle_frames_left_ = std::min(kIdleFramesBurst, idle_frames_left_ + seconds * kIdleFramesPerSecond);
  refilled_ = shared().now;
  for (const auto& [id, stream] : streams_) stream->tick();
  if (!streams_.empty() || shared().now - since_ <= shared().limits.idle_max) return;
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  transport().flush_soon();
}

void Http2::drain() {
  if (draining_) return;
  draining_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR, nullptr, 0);
  transport().flush_soon();
}

Http2Stream* Http2::find(int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Http2::calm_down() { nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM); }

void Http2::forget_done() {
  for (const int32_t id : std::exchange(done_, {})) streams_.erase(id);
}

void Http2::run_handler(Http2Stream& stream, int32_t id) {
  if (!stream.complete()) return;
  stream.running = true;
  stream.scope().spawn(handle(this, &stream, id));
}

Task<void> Http2::handle(Http2* self, Http2Stream* stream, int32_t id) {
  co_await self->shared().handler(stream->take_request(), *stream);
  stream->handler_done();
  // A task must not destroy the scope that it runs in.
  if (!stream->closed()) co_return;
  self->done_.push_back(id);
  self->transport().flush_soon();
}

// --- nghttp2's callbacks ---

nghttp2_session_callbacks* Http2::callbacks() {
  static nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* fresh = nullptr;
    nghttp2_session_callbacks_new(&fresh);
    nghttp2_session_callbacks_set_on_begin_frame_callback(fresh, began_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(fresh, began_headers);
    nghttp2_session_callbacks_set_on_header_callback(fresh, got_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, got_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, got_data);
    nghttp2_session_callbacks_set_send_data_callback(fresh, send_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(fresh, sent_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(fresh, stream_closed);
    return fresh;
  }();
  return made;
}

int Http2::began_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* self) {
  const bool is_empty_data = head->type == NGHTTP2_DATA && head->length == 0 && (head->flags & NGHTTP2_FLAG_END_STREAM) == 0;
  const bool is_idle = head->type == NGHTTP2_PING || head->type == NGHTTP2_SETTINGS || head->type == NGHTTP2_PRIORITY ||
                       head->type > NGHTTP2_CONTINUATION || is_empty_data;
  Http2& http = *static_cast<Http2*>(self);
  if (is_idle && --http.idle_frames_left_ < 0) http.calm_down();
  return 0;
}

int Http2::began_headers(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  Http2& http = *static_cast<Http2*>(self);
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  const int32_t id = frame->hd.stream_id;
  // Some may be closed with their handlers still at work.
  if (http.draining_ || http.streams_.size() >= 2 * http.shared().limits.streams_max) {
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
  }
  http.streams_.emplace(id, std::make_unique<Http2Stream>(http.connection_, session, id));
  return 0;
}

int Http2::got_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes, const uint8_t* value,
                      size_t value_bytes, uint8_t, void* self) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // trailers are not listened to
  Http2Stream* stream = static_cast<Http2*>(self)->find(frame->hd.stream_id);
  if (stream != nullptr) stream->add_header(view(name, name_bytes), view(value, value_bytes));
  return 0;
}

int Http2::got_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  Http2& http = *static_cast<Http2*>(self);
  Http2Stream* stream = http.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) stream->head_done(is_last);
  if (is_last) http.run_handler(*stream, frame->hd.stream_id);
  return 0;
}

int Http2::got_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t bytes, void* self) {
  if (Http2Stream* stream = static_cast<Http2*>(self)->find(id)) stream->add_body(view(data, bytes));
  return 0;
}

// One DATA frame. Afterwards nghttp2 pauses when the transport has enough.
int Http2::send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t bytes, nghttp2_data_source* source, void* self) {
  Transport& transport = static_cast<Http2*>(self)->transport();
  transport.write_copy(view(head, kFrameHeadBytes));
  static_cast<Http2Stream*>(source->ptr)->move_data(bytes, transport);
  return transport.full() ? NGHTTP2_ERR_PAUSE : 0;
}

// An answer that ends before its request: the client need not send the rest.
int Http2::sent_frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  const bool is_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (!is_answer || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  const Http2Stream* stream = static_cast<Http2*>(self)->find(frame->hd.stream_id);
  if (stream == nullptr || stream->is_complete()) return 0;
  return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
}

int Http2::stream_closed(nghttp2_session*, int32_t id, uint32_t, void* self) {
  Http2& http = *static_cast<Http2*>(self);
  Http2Stream* stream = http.find(id);
  if (stream == nullptr) return 0;
  stream->mark_closed();
  http.since_ = http.shared().now;
  // A handler that has answered may have something left to do; any other ends here.
  if (!stream->running || !stream->answered_whole()) http.streams_.erase(id);
  return 0;
}

}  // namespace

std::unique_ptr<Protocol> make_http2(Connection& connection) { return std::make_unique<Http2>(connection); }

}  // namespace stint::http
