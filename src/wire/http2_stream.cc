#include "wire/http2_stream.h"

#include <strings.h>

#include <charconv>

namespace stint::http {
namespace {

// What the protocol counts for each header beside its text.
constexpr size_t kHeaderOverheadBytes = 32;

// Headers that speak of the connection; HTTP/2 has its own words for that.
bool is_hop_by_hop(std::string_view lower_name) {
  return lower_name == "connection" || lower_name == "transfer-encoding" || lower_name == "keep-alive" || lower_name == "upgrade";
}

// Different in each answer: not worth a place in the table of headers that both sides keep.
bool is_passing(std::string_view lower_name) {
  return lower_name == "audit-id" || lower_name == "content-length" || lower_name == "etag" || lower_name == "warning";
}

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

nghttp2_nv name_value(std::string_view name, std::string_view value) {
  auto* name_bytes = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(name.data()));
  auto* value_bytes = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(value.data()));
  const uint8_t flags = is_passing(name) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  return {name_bytes, value_bytes, name.size(), value.size(), flags};
}

ssize_t read_data(nghttp2_session*, int32_t, uint8_t*, size_t room, uint32_t* flags, nghttp2_data_source* source, void*) {
  return static_cast<Http2Stream*>(source->ptr)->next_data_bytes(room, flags);
}

}  // namespace

Http2Stream::Http2Stream(Connection& connection, nghttp2_session* session, int32_t id)
    : connection_(connection),
      session_(session),
      id_(id),
      request_(connection.new_request()),
      share_(connection.shared(), connection.address()),
      since_(connection.shared().now),
      progress_(since_),
      room_(connection.shared().loop),
      scope_(connection.shared().loop) {}

// --- the request ---

void Http2Stream::add_header(std::string_view name, std::string_view value) {
  if (refused_ || complete_) return;
  header_bytes_ += name.size() + value.size() + kHeaderOverheadBytes;
  if (header_bytes_ > shared().limits.header_bytes_max) return refuse(431, "request header is too large");
  if (!name.starts_with(':')) {
    request_.headers.emplace_back(name, value);
  } else if (name == ":method") {
    request_.method = value;
  } else if (name == ":path") {
    set_target(std::string(value), request_);
  } else if (name == ":authority") {
    authority_ = value;
  }
}

void Http2Stream::head_done(bool is_all) {
  if (refused_) return;
  head_only_ = request_.method == "HEAD";
  if (!authority_.empty() && request_.header("Host").empty()) request_.headers.emplace_back("Host", std::move(authority_));
  if (!request_.path.starts_with('/') && request_.path != "*") return refuse(400, "malformed HTTP request: bad path");
  if (is_all) return;
  const std::string_view length = request_.header("Content-Length");
  size_t bytes = 0;
  std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (bytes > shared().limits.body_bytes_max) return refuse(413, too_large_sentence(shared().limits));
  if (strcasecmp(std::string(request_.header("Expect")).c_str(), "100-continue") != 0) return;
  const nghttp2_nv status = name_value(":status", "100");
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id_, nullptr, &status, 1, nullptr);
}

void Http2Stream::add_body(std::string_view bytes) {
  if (refused_) return;
  if (bytes.size() > shared().limits.body_bytes_max - request_.body.size()) return refuse(413, too_large_sentence(shared().limits));
  request_.body += bytes;
  if (!share_.set(request_.body.size())) refuse(429, kTooManyBytes);
}

bool Http2Stream::complete() {
  complete_ = true;
  return !refused_;
}

void Http2Stream::refuse(int status, std::string_view sentence) {
  refused_ = true;
  request_.body.clear();
  share_.set(0);
  auto [type, body] = shared().error_text(status, sentence);
  Headers headers{{"Content-Type", type}};
  if (status == 429) headers.emplace_back("Retry-After", "1");
  if (!submit_head(status, headers, body.size(), !body.empty())) return;
  queue(Body(std::move(body)));
  ended_ = true;
}

// --- the answer ---

bool Http2Stream::submit_head(int status, const Headers& headers, std::optional<size_t> length, bool has_body) {
  if (closed_ || answered_) return false;
  answered_ = true;
  std::vector<std::pair<std::string, std::string>> texts{{":status", std::to_string(status)}, {"date", shared().date()}};
  texts.reserve(headers.size() + 3);
  for (const auto& [name, value] : headers) {
    std::string lower_name = lower(name);
    if (!is_hop_by_hop(lower_name)) texts.emplace_back(std::move(lower_name), header_value(value));
  }
  if (length) texts.emplace_back("content-length", std::to_string(*length));
  std::vector<nghttp2_nv> values;
  values.reserve(texts.size());
  for (const auto& [name, value] : texts) values.push_back(name_value(name, value));
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = read_data;
  return nghttp2_submit_response(session_, id_, values.data(), values.size(), has_body ? &provider : nullptr) == 0;
}

void Http2Stream::queue(Body body) {
  if (queued_bytes_ == 0) progress_ = shared().now;
  queued_bytes_ += body.size();
  for (Body::Piece& piece : std::move(body).take_pieces()) queue_.push_back(std::move(piece));
}

void Http2Stream::flush() {
  if (closed_) return;
  nghttp2_session_resume_data(session_, id_);  // an error: it was not waiting
  connection_.transport().flush_soon();
}

Task<bool> Http2Stream::send(int status, Headers headers, Body body) {
  const bool bodyless = status == 204 || status == 304;
  const bool has_body = !body.empty() && !head_only_ && !bodyless;
  if (submit_head(status, headers, bodyless ? std::nullopt : std::optional(body.size()), has_body)) {
    ended_ = true;
    if (has_body) queue(std::move(body));
    connection_.transport().flush_soon();
  }
  return settle();
}

Task<bool> Http2Stream::begin(int status, Headers headers) {
  if (submit_head(status, headers, std::nullopt, !head_only_)) {
    ended_ = head_only_;
    connection_.transport().flush_soon();
  }
  return settle();
}

Task<bool> Http2Stream::write(Body piece) {
  if (answered_ && !ended_ && !closed_ && !piece.empty()) {
    queue(std::move(piece));
    flush();
  }
  return settle();
}

Task<bool> Http2Stream::end() {
  if (!std::exchange(ended_, true)) flush();
  return settle();
}

Task<bool> Http2Stream::settle() {
  while (!closed_ && queued_bytes_ > kUnwaitedBytes) {
    room_.reset();
    co_await room_.wait();
  }
  co_return !closed_ || ended_;
}

void Http2Stream::handler_done() {
  running = false;
  share_.set(0);
  if (!ended_) reset(NGHTTP2_INTERNAL_ERROR);  // the client must not take it for a whole answer
}

// --- for the session ---

ssize_t Http2Stream::next_data_bytes(size_t room, uint32_t* flags) {
  if (queued_bytes_ == 0 && !ended_) return NGHTTP2_ERR_DEFERRED;
  const size_t bytes = std::min(room, queued_bytes_);
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (ended_ && bytes == queued_bytes_) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(bytes);
}

void Http2Stream::move_data(size_t bytes, Transport& transport) {
  queued_bytes_ -= bytes;
  progress_ = shared().now;
  while (bytes > 0) {
    Body::Piece& front = queue_.front();
    const std::string_view part = front.bytes.substr(front_at_, bytes);
    transport.write(Body::Piece{.bytes = part, .owner = front.owner});
    bytes -= part.size();
    front_at_ += part.size();
    if (front_at_ < front.bytes.size()) break;
    queue_.pop_front();
    front_at_ = 0;
  }
  if (queued_bytes_ <= kUnwaitedBytes) room_.set();
}

void Http2Stream::mark_closed() {
  closed_ = true;
  room_.set();
}

void Http2Stream::reset(uint32_t error_code) {
  if (closed_) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id_, error_code);
  connection_.transport().flush_soon();
}

void Http2Stream::tick() {
  if (closed_) return;
  if (!complete_ && !refused_ && shared().now - since_ > shared().limits.request_max) return reset(NGHTTP2_CANCEL);
  if (queued_bytes_ > 0 && shared().now - progress_ > shared().limits.stall_max) reset(NGHTTP2_CANCEL);
}

}  // namespace stint::http
