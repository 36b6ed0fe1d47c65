#include "remote/remote_command.h"

#include <array>
#include <charconv>
#include <deque>

#include "api/json.h"

namespace stint {
namespace {

// What was received and not read. Past it the other side has to wait.
constexpr size_t kUnreadBytes = 256 * 1024;
// What may wait to be sent before a writer has to.
constexpr size_t kUnsentBytes = 256 * 1024;

class RemoteCommand : public ExecSession {
 public:
  RemoteCommand(Loop& loop, std::unique_ptr<CommandChannels> channels, InputWanted input)
      : channels_(std::move(channels)),
        takes_input_(input == InputWanted::kYes),
        arrived_(loop),
        taken_(loop),
        unsent_(loop),
        sent_(loop),
        scope_(loop) {
    scope_.spawn(receive());
    scope_.spawn(send());
  }

  Task<std::string> read(Stream stream) override {
    std::string& bytes = unread_[stream == Stream::kOut ? 0 : 1];
    while (bytes.empty() && !over_) {
      arrived_.reset();
      co_await arrived_.wait();
    }
    taken_.set();
    co_return std::exchange(bytes, {});
  }

  Task<bool> write(std::string bytes) override {
    if (!takes_input_) co_return false;
    queue({CommandChannel::kIn, std::move(bytes)});
    while (unsent_bytes_ > kUnsentBytes && !deaf_) {
      sent_.reset();
      co_await sent_.wait();
    }
    co_return !deaf_;
  }

  void end_input() override {
    input_ends_ = takes_input_;
    unsent_.set();
  }

  void resize(int columns, int rows) override {
    queue({CommandChannel::kResize, R"({"Width":)" + std::to_string(columns) + R"(,"Height":)" + std::to_string(rows) + "}"});
  }

  Task<Result<int>> wait() override {
    while (!over_) {
      arrived_.reset();
      co_await arrived_.wait();
    }
    if (outcome_.empty()) co_return fail(Reason::kInternalError, "the connection was lost before the command ended");
    co_return exit_code_of(outcome_);
  }

 private:
  Task<void> receive() {
    while (auto piece = co_await channels_->receive()) {
      take(*piece);
      while (unread_[0].size() + unread_[1].size() > kUnreadBytes) {
        taken_.reset();
        co_await taken_.wait();
      }
    }
    over_ = deaf_ = true;
    arrived_.set();
    sent_.set();
  }

  void take(const CommandChannels::Piece& piece) {
    if (piece.channel == CommandChannel::kOut) unread_[0] += piece.bytes;
    if (piece.channel == CommandChannel::kErr) unread_[1] += piece.bytes;
    if (piece.channel == CommandChannel::kOutcome) outcome_ += piece.bytes;
    arrived_.set();
  }

  void queue(CommandChannels::Piece piece) {
    unsent_bytes_ += piece.bytes.size();
    unsent_pieces_.push_back(std::move(piece));
    unsent_.set();
  }

  Task<void> send() {
    for (bool heard = true; heard;) {
      while (unsent_pieces_.empty() && !input_ends_) {
        unsent_.reset();
        co_await unsent_.wait();
      }
      if (unsent_pieces_.empty()) {
        input_ends_ = false;
        heard = co_await channels_->end_input();
        continue;
      }
      CommandChannels::Piece piece = std::move(unsent_pieces_.front());
      unsent_pieces_.pop_front();
      unsent_bytes_ -= piece.bytes.size();
      heard = co_await channels_->send(std::move(piece));
      sent_.set();
    }
    deaf_ = true;
    sent_.set();
  }

  std::unique_ptr<CommandChannels> channels_;
  const bool takes_input_;
  std::array<std::string, 2> unread_;  // of standard output and standard error
  std::string outcome_;
  bool over_ = false;  // nothing more will come
  bool deaf_ = false;  // nothing more is taken
  std::deque<CommandChannels::Piece> unsent_pieces_;
  size_t unsent_bytes_ = 0;
  bool input_ends_ = false;  // after what is unsent
  Event arrived_, taken_, unsent_, sent_;
  Scope scope_;  // last: destroyed first
};

}  // namespace

std::unique_ptr<ExecSession> make_remote_command(Loop& loop, std::unique_ptr<CommandChannels> channels, InputWanted input) {
  return std::make_unique<RemoteCommand>(loop, std::move(channels), input);
}

Result<int> exit_code_of(std::string_view status) {
  const auto text_at = [](const json::Value& value, std::string_view name) -> std::string {
    const json::Value* found = value.find(name);
    return found != nullptr && found->is_string() ? found->as_string() : "";
  };
  auto parsed = json::parse(status);
  if (!parsed) return fail(Reason::kInternalError, "the node told no outcome of the command");
  if (text_at(*parsed, "status") == "Success") return 0;
  const json::Value* details = parsed->find("details");
  const json::Value* causes = details != nullptr ? details->find("causes") : nullptr;
  if (text_at(*parsed, "reason") == "NonZeroExitCode" && causes != nullptr && causes->is_array()) {
    for (const json::Value& cause : causes->as_array()) {
      const std::string message = text_at(cause, "message");
      int code = 0;
      const auto [end, error] = std::from_chars(message.data(), message.data() + message.size(), code);
      if (text_at(cause, "reason") == "ExitCode" && error == std::errc() && end == message.data() + message.size()) return code;
    }
  }
  // Whoever tells it on says this in front anew.
  static constexpr std::string_view kPrefix = "error executing command in container: ";
  std::string message = text_at(*parsed, "message");
  if (message.starts_with(kPrefix)) message.erase(0, kPrefix.size());
  return fail(Reason::kInternalError, std::move(message));
}

}  // namespace stint
