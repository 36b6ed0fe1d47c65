#include "server/rest/pod_exec.h"

namespace stint::rest {
namespace {

// One session and its client.
class Exchange {
 public:
  Exchange(Loop& loop, Session session, Streams streams, std::unique_ptr<Channels> channels, std::string doing)
      : loop_(loop),
        streams_(streams),
        doing_(std::move(doing)),
        session_(std::move(session)),
        channels_(std::move(channels)),
        over_(loop),
        scope_(loop) {}

  Task<void> run() {
    if (!co_await channels_->open()) co_return;
    scope_.spawn(take_input());
    scope_.spawn(give_output());
    co_await over_.wait();
  }

 private:
  Task<void> take_input() {
    co_await channels_->pass_input(*session_);
    over_.set();
  }

  Task<void> give_output() {
    std::vector<Task<void>> streams;
    streams.push_back(pass_out(ExecSession::Stream::kOut, streams_.out));
    streams.push_back(pass_out(ExecSession::Stream::kErr, streams_.err && !streams_.tty));
    co_await when_all(loop_, std::move(streams));
    Result<int> code = co_await session_->wait();
    if (!code) code.error().message = doing_ + ": " + code.error().message;
    co_await channels_->finish(std::move(code));
    over_.set();
  }
  // A stream that the client does not want is read all the same: a full pipe would stop the command.
  Task<void> pass_out(ExecSession::Stream stream, bool wanted) {
    for (bool open = true;;) {
      std::string bytes = co_await session_->read(stream);
      if (bytes.empty()) co_return;
      if (wanted && open) open = co_await channels_->send(stream, std::move(bytes));
    }
  }

  Loop& loop_;
  const Streams streams_;
  const std::string doing_;
  Session session_;
  std::unique_ptr<Channels> channels_;
  Event over_;
  Scope scope_;  // last: destroyed first
};

}  // namespace

Result<Streams> decode_streams(const Query& query) {
  const Streams streams{.in = query.flag("stdin"), .out = query.flag("stdout"), .err = query.flag("stderr"), .tty = query.flag("tty")};
  if (streams.in || streams.out || streams.err) return streams;
  return fail(Reason::kBadRequest, "you must specify at least 1 of stdin, stdout, stderr");
}

Result<std::vector<std::string>> decode_command(const Query& query) {
  std::vector<std::string> command = query.all("command");
  if (command.empty()) return fail(Reason::kBadRequest, "you must specify at least 1 command for the container");
  return command;
}

Task<void> join_session(Loop& loop, Session session, Streams streams, std::unique_ptr<Channels> channels, std::string doing) {
  Exchange exchange(loop, std::move(session), streams, std::move(channels), std::move(doing));
  co_await exchange.run();
}

}  // namespace stint::rest
