#include <deque>
#include <map>
#include <set>

#include "remote/command_channels.h"
#include "wire/spdy_frames.h"

namespace stint {
namespace {

namespace spdy = http::spdy;

constexpr int kSwitchingProtocols = 101;
constexpr size_t kRefusalBytesMax = 4096;

// The client's side: what streams of ours there are was settled at the beginning.
class SpdyCommandChannels : public CommandChannels {
 public:
  explicit SpdyCommandChannels(std::unique_ptr<http::ClientConnection> connection) : connection_(std::move(connection)) {}

  // A client's streams have odd numbers.
  Task<Result<void>> open(CommandChannel channel, const char* type) {
    const uint32_t id = last_id_ + 2;
    last_id_ = id;
    ids_[channel] = id;
    channels_[id] = channel;
    unanswered_.insert(id);
    co_return co_await connection_->write(writer_.syn_stream(id, {{"streamtype", type}}));
  }

  // As upstream's clients: a server whose connection goes before it has answered for a stream may wait for ever to end that (containerd 1.6
  // then never sees the end of its container).
  Task<Result<void>> wait_for_replies() {
    while (!unanswered_.empty()) {
      CO_TRY(auto piece, co_await next_piece());
      if (piece) early_.push_back(*std::move(piece));
    }
    co_return Result<void>{};
  }

  Task<std::optional<Piece>> receive() override {
    if (!early_.empty()) {
      Piece piece = std::move(early_.front());
      early_.pop_front();
      co_return piece;
    }
    while (open_to_us()) {
      auto piece = co_await next_piece();
      if (!piece) break;
      if (*piece) co_return **std::move(piece);
    }
    co_return std::nullopt;
  }

  Task<bool> send(Piece piece) override {
    const auto found = ids_.find(piece.channel);
    if (found == ids_.end()) co_return true;
    const std::string head = spdy::data_head(found->second, false, piece.bytes.size());
    const auto sent = co_await connection_->write(head + piece.bytes);
    co_return sent.has_value();
  }

  Task<bool> end_input() override {
    const auto found = ids_.find(CommandChannel::kIn);
    if (found == ids_.end()) co_return true;
    const auto sent = co_await connection_->write(spdy::data_head(found->second, true, 0));
    co_return sent.has_value();
  }

 private:
  // Standard input and sizes go one way; of the rest the other side ends each.
  bool open_to_us() const {
    for (const auto& [id, channel] : channels_) {
      if (channel != CommandChannel::kIn && channel != CommandChannel::kResize) return true;
    }
    return false;
  }

  // What the next frame brought, if it was for a reader; an error once no frame comes any more.
  Task<Result<std::optional<Piece>>> next_piece() {
    auto frame = reader_.next();
    while (!frame) {
      if (!reader_.fault().empty()) co_return fail(Reason::kServiceUnavailable, std::string(reader_.fault()));
      CO_TRY(const std::string bytes, co_await connection_->read());
      if (bytes.empty()) co_return fail(Reason::kServiceUnavailable, "the streams of the command were ended");
      reader_.feed(bytes);
      frame = reader_.next();
    }
    if (frame->type == spdy::Type::kPing) static_cast<void>(co_await connection_->write(spdy::ping(frame->value)));
    const auto found = channels_.find(frame->stream);
    if (found == channels_.end()) co_return std::nullopt;
    const CommandChannel channel = found->second;
    if (frame->type == spdy::Type::kSynReply || frame->type == spdy::Type::kReset) unanswered_.erase(frame->stream);
    if (frame->last || frame->type == spdy::Type::kReset) channels_.erase(found);
    if (frame->type == spdy::Type::kData && !frame->data.empty()) co_return Piece{channel, std::move(frame->data)};
    co_return std::nullopt;
  }

  std::unique_ptr<http::ClientConnection> connection_;
  spdy::FrameReader reader_;
  spdy::FrameWriter writer_;
  uint32_t last_id_ = static_cast<uint32_t>(-1);
  std::map<CommandChannel, uint32_t> ids_;
  std::map<uint32_t, CommandChannel> channels_;  // that the other side has not ended
  std::set<uint32_t> unanswered_;
  std::deque<Piece> early_;  // came before the last of the answers
};

}  // namespace

Task<Result<std::unique_ptr<CommandChannels>>> open_spdy_channels(std::unique_ptr<http::ClientConnection> connection, std::string authority,
                                                                  std::string target, CommandStreams wanted) {
  CO_TRY(const http::ResponseHead head,
         co_await connection->get(std::move(authority), std::move(target),
                                  "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n"));
  if (head.status != kSwitchingProtocols) {
    std::string why = co_await connection->read_text(kRefusalBytesMax);
    co_return fail(Error{.reason = Reason::kNone, .message = std::move(why), .code = head.status});
  }
  auto channels = std::make_unique<SpdyCommandChannels>(std::move(connection));
  CO_TRY_VOID(co_await channels->open(CommandChannel::kOutcome, "error"));
  if (wanted.in) CO_TRY_VOID(co_await channels->open(CommandChannel::kIn, "stdin"));
  if (wanted.out) CO_TRY_VOID(co_await channels->open(CommandChannel::kOut, "stdout"));
  if (wanted.err) CO_TRY_VOID(co_await channels->open(CommandChannel::kErr, "stderr"));
  if (wanted.resize) CO_TRY_VOID(co_await channels->open(CommandChannel::kResize, "resize"));
  CO_TRY_VOID(co_await channels->wait_for_replies());
  co_return channels;
}

}  // namespace stint
