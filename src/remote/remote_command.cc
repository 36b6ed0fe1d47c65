#include "remote/remote_command.h"

#include <array>
#include <charconv>
#include <deque>

#include "api/json.h"

namespace stint {
namespace {

constexpr char kIn = 0, kOut = 1, kErr = 2, kOutcome = 3, kResize = 4;
constexpr char kEndOfChannel = static_cast<char>(255);  // the byte after it names the channel
// What was received and not read. Past it the kubelet has to wait.
constexpr size_t kUnreadBytes = 256 * 1024;
// What may wait to be sent before a writer has to.
constexpr size_t kUnsentBytes = 256 * 1024;

class RemoteCommand : public ExecSession {
 public:
  RemoteCommand(Loop& loop, std::unique_ptr<http::WebSocketClient> socket, bool ends_channels)
      : ends_channels_(ends_channels), socket_(std::move(socket)), arrived_(loop), taken_(loop), unsent_(loop), sent_(loop), scope_(loop) {
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
    queue(std::string(1, kIn) + bytes);
    while (unsent_bytes_ > kUnsentBytes && !deaf_) {
      sent_.reset();
      co_await sent_.wait();
    }
    co_return !deaf_;
  }

  void end_input() override {
    if (ends_channels_) queue({kEndOfChannel, kIn});
  }

  void resize(int columns, int rows) override {
    queue(std::string(1, kResize) + R"({"Width":)" + std::to_string(columns) + R"(,"Height":)" + std::to_string(rows) + "}");
  }

  Task<Result<int>> wait() override {
    while (!over_) {
      arrived_.reset();
      co_await arrived_.wait();
    }
    if (!outcome_) co_return fail(Reason::kInternalError, "the connection to the node was lost before the command ended");
    co_return exit_code_of(*outcome_);
  }

 private:
  Task<void> receive() {
    while (auto message = co_await socket_->receive()) {
      take(*message);
      while (unread_[0].size() + unread_[1].size() > kUnreadBytes) {
        taken_.reset();
        co_await taken_.wait();
      }
    }
    over_ = deaf_ = true;
    arrived_.set();
    sent_.set();
  }

  void take(const std::string& message) {
    if (message.empty()) return;
    const std::string_view bytes = std::string_view(message).substr(1);
    if (message[0] == kOut) unread_[0] += bytes;
    if (message[0] == kErr) unread_[1] += bytes;
    if (message[0] == kOutcome && !bytes.empty()) outcome_ = bytes;
    arrived_.set();
  }

  void queue(std::string message) {
    unsent_bytes_ += message.size();
    unsent_messages_.push_back(std::move(message));
    unsent_.set();
  }

  Task<void> send() {
    while (true) {
      while (unsent_messages_.empty()) {
        unsent_.reset();
        co_await unsent_.wait();
      }
      std::string message = std::move(unsent_messages_.front());
      unsent_messages_.pop_front();
      unsent_bytes_ -= message.size();
      if (!co_await socket_->send(std::move(message))) break;
      sent_.set();
    }
    deaf_ = true;
    sent_.set();
  }

  const bool ends_channels_;
  std::unique_ptr<http::WebSocketClient> socket_;
  std::array<std::string, 2> unread_;  // of standard output and standard error
  std::optional<std::string> outcome_;
  bool over_ = false;  // nothing more will come
  bool deaf_ = false;  // nothing more is taken
  std::deque<std::string> unsent_messages_;
  size_t unsent_bytes_ = 0;
  Event arrived_, taken_, unsent_, sent_;
  Scope scope_;  // last: destroyed first
};

}  // namespace

std::unique_ptr<ExecSession> make_remote_command(Loop& loop, std::unique_ptr<http::WebSocketClient> socket, std::string_view protocol) {
  return std::make_unique<RemoteCommand>(loop, std::move(socket), protocol == kCommandVersion5);
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
