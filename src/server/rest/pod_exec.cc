#include "server/rest/pod_exec.h"

#include <algorithm>
#include <array>

#include "api/json.h"

namespace stint::rest {
namespace {

constexpr std::string_view kVersion4 = "v4.channel.k8s.io", kVersion5 = "v5.channel.k8s.io";
constexpr char kIn = 0, kOut = 1, kErr = 2, kOutcome = 3, kResize = 4;
constexpr char kEndOfChannel = static_cast<char>(255);  // version 5: the byte after it names the channel

std::string message_on(char channel, std::string_view bytes) {
  std::string message(1, channel);
  message += bytes;
  return message;
}

// How a command ended, as a Status.
std::string outcome_text(int exit_code) {
  if (exit_code == 0) return R"({"metadata":{},"status":"Success"})";
  const std::string code = std::to_string(exit_code);
  return json::to_text(json::Members{
      {"metadata", json::Members{}},
      {"status", "Failure"},
      {"message", "command terminated with non-zero exit code: command terminated with exit code " + code},
      {"reason", "NonZeroExitCode"},
      {"details", json::Members{{"causes", json::Array{json::Members{{"reason", "ExitCode"}, {"message", code}}}}}},
  });
}

std::string failure_text(const Error& error) {
  return json::to_text(json::Members{{"metadata", json::Members{}},
                                     {"status", "Failure"},
                                     {"message", "error executing command in container: " + error.message},
                                     {"reason", "InternalError"},
                                     {"code", 500}});
}

// One command and its client.
class Exchange {
 public:
  Exchange(Loop& loop, std::unique_ptr<ExecSession> session, ExecOptions options, http::WebSocket& socket)
      : loop_(loop), session_(std::move(session)), options_(std::move(options)), socket_(socket), over_(loop), scope_(loop) {}

  Task<void> run() {
    scope_.spawn(take_input());
    scope_.spawn(give_output());
    co_await over_.wait();
  }

 private:
  // From the client, until it goes.
  Task<void> take_input() {
    while (auto message = co_await socket_.receive()) {
      const std::string& bytes = message->bytes;
      if (bytes.empty()) continue;
      if (bytes[0] == kIn) co_await pass_in(bytes.substr(1));
      if (bytes[0] == kResize) resize(std::string_view(bytes).substr(1));
      if (bytes[0] == kEndOfChannel && socket_.protocol() == kVersion5 && bytes.size() > 1 && bytes[1] == kIn) session_->end_input();
    }
    over_.set();
  }
  // What nobody reads any more is dropped, as a shell's pipe would.
  Task<void> pass_in(std::string bytes) {
    if (options_.in && !bytes.empty()) static_cast<void>(co_await session_->write(std::move(bytes)));
  }
  void resize(std::string_view text) {
    const auto size = json::parse(text);
    if (!size) return;
    const json::Value *width = size->find("Width"), *height = size->find("Height");
    if (width == nullptr || height == nullptr || !width->is_int() || !height->is_int()) return;
    session_->resize(static_cast<int>(width->as_int()), static_cast<int>(height->as_int()));
  }

  Task<void> give_output() {
    // Tells the client that the command runs, before it has written anything.
    static_cast<void>(co_await socket_.send(http::WebSocket::Kind::kBinary, message_on(options_.out   ? kOut
                                                                                       : options_.err ? kErr
                                                                                                      : kOutcome,
                                                                                       "")));
    std::vector<Task<void>> streams;
    streams.push_back(pass_out(ExecSession::Stream::kOut, kOut, options_.out));
    streams.push_back(pass_out(ExecSession::Stream::kErr, kErr, options_.err && !options_.tty));
    co_await when_all(loop_, std::move(streams));
    const Result<int> code = co_await session_->wait();
    const std::string outcome = code ? outcome_text(*code) : failure_text(code.error());
    static_cast<void>(co_await socket_.send(http::WebSocket::Kind::kBinary, message_on(kOutcome, outcome)));
    socket_.close(http::WebSocket::kNormal, "");
    over_.set();
  }
  // A stream that the client does not want is read all the same: a full pipe would stop the command.
  Task<void> pass_out(ExecSession::Stream stream, char channel, bool wanted) {
    for (bool open = true;;) {
      const std::string bytes = co_await session_->read(stream);
      if (bytes.empty()) co_return;
      if (wanted && open) open = co_await socket_.send(http::WebSocket::Kind::kBinary, message_on(channel, bytes));
    }
  }

  Loop& loop_;
  std::unique_ptr<ExecSession> session_;
  const ExecOptions options_;
  http::WebSocket& socket_;
  Event over_;
  Scope scope_;  // last: destroyed first
};

}  // namespace

Result<ExecOptions> decode_exec_options(const Query& query) {
  ExecOptions options{.command = query.all("command"),
                      .in = query.flag("stdin"),
                      .out = query.flag("stdout"),
                      .err = query.flag("stderr"),
                      .tty = query.flag("tty")};
  if (options.command.empty()) return fail(Reason::kBadRequest, "you must specify at least 1 command for the container");
  if (!options.in && !options.out && !options.err) {
    return fail(Reason::kBadRequest, "you must specify at least 1 of stdin, stdout, stderr");
  }
  return options;
}

std::optional<std::string> exec_protocol(const std::vector<std::string>& offered) {
  for (const std::string_view spoken : {kVersion5, kVersion4}) {
    if (std::ranges::find(offered, spoken) != offered.end()) return std::string(spoken);
  }
  return std::nullopt;
}

Task<void> stream_exec(Loop& loop, std::unique_ptr<ExecSession> session, ExecOptions options, http::WebSocket& socket) {
  Exchange exchange(loop, std::move(session), std::move(options), socket);
  co_await exchange.run();
}

}  // namespace stint::rest
