#include "server/rest/spdy_channels.h"

#include <algorithm>

namespace stint::rest {
namespace {

constexpr size_t kSizeBytesMax = 1024;  // of a terminal's size in JSON

}  // namespace

std::optional<std::string> choose_stream_protocol(const std::vector<std::string>& offered) {
  for (const std::string_view spoken : kStreamProtocols) {
    if (std::ranges::find(offered, spoken) != offered.end()) return std::string(spoken);
  }
  return std::nullopt;
}

SpdyChannels::SpdyChannels(Loop& loop, http::ByteStream& bytes, std::string protocol, Streams streams)
    : loop_(loop), protocol_(std::move(protocol)), streams_(streams), session_(loop, bytes) {}

Task<bool> SpdyChannels::open() {
  const auto all = co_await with_timeout(loop_, http::spdy::Session::kOpeningMax, collect());
  co_return all.value_or(false);
}

SpdyChannels::StreamPtr* SpdyChannels::place_of(std::string_view type) {
  if (type == "error") return &outcome_;
  if (type == "stdin") return &in_;
  if (type == "stdout") return &out_;
  if (type == "stderr") return &err_;
  if (type == "resize") return &sizes_;
  return nullptr;
}

Task<bool> SpdyChannels::collect() {
  const bool sends_sizes = streams_.tty && (protocol_ == kStreamProtocols[0] || protocol_ == kStreamProtocols[1]);
  const bool wants_err = streams_.err && !streams_.tty;
  for (int missing = 1 + streams_.in + streams_.out + wants_err + sends_sizes; missing > 0;) {
    auto stream = co_await session_.accept();
    if (stream == nullptr) co_return false;
    StreamPtr* place = place_of(stream->header("streamtype"));
    if (place == nullptr || *place != nullptr) {
      co_await stream->reset(http::spdy::ResetStatus::kRefusedStream);
      continue;
    }
    *place = std::move(stream);
    --missing;
  }
  co_return outcome_ != nullptr;
}

Task<void> SpdyChannels::pass_input(ExecSession& session) {
  std::vector<Task<void>> tasks;
  tasks.push_back(pass_bytes(session));
  tasks.push_back(pass_sizes(session));
  tasks.push_back(wait_gone());
  co_await when_all(loop_, std::move(tasks));
}

Task<void> SpdyChannels::pass_bytes(ExecSession& session) {
  if (in_ == nullptr) co_return;
  bool open = true;
  for (std::string bytes; !(bytes = co_await in_->read()).empty();) {
    if (open) open = co_await session.write(std::move(bytes));
  }
  session.end_input();
}

Task<void> SpdyChannels::pass_sizes(ExecSession& session) {
  if (sizes_ == nullptr) co_return;
  std::string text;
  for (std::string bytes; !(bytes = co_await sizes_->read()).empty();) {
    text += bytes;
    for (size_t end; (end = text.find('}')) != std::string::npos; text.erase(0, end + 1)) resize_session(text.substr(0, end + 1), session);
    if (text.size() > kSizeBytesMax) text.clear();
  }
}

Task<void> SpdyChannels::wait_gone() { co_await session_.gone_event().wait(); }

Task<bool> SpdyChannels::send(ExecSession::Stream stream, std::string bytes) {
  const StreamPtr& to = stream == ExecSession::Stream::kOut ? out_ : err_;
  if (to == nullptr) co_return false;
  co_return co_await to->write(std::move(bytes));
}

Task<void> SpdyChannels::finish(Result<int> exit_code) {
  const std::string outcome = protocol_ == kStreamProtocols[0] ? outcome_status(exit_code) : outcome_sentence(exit_code);
  for (const StreamPtr* stream : {&out_, &err_}) {
    if (*stream != nullptr) co_await (*stream)->finish();
  }
  static_cast<void>(co_await outcome_->write(outcome));
  co_await outcome_->finish();
  co_await session_.close();
}

}  // namespace stint::rest
