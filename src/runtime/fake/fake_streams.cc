// What the fake runtime's containers say to whom talks to them: the same again.
#include <cstdio>
#include <fstream>

#include "runtime/fake/fake_runtime.h"

namespace stint {
namespace {

// Bytes that come back, until the end of them is written or the container has ended.
class Echo {
 public:
  Echo(Loop& loop, bool takes_input, std::shared_ptr<Event> ended)
      : more_(loop), input_ended_(!takes_input), ended_(std::move(ended)), scope_(loop) {
    if (ended_ != nullptr) scope_.spawn(pass_on(ended_, &more_));
  }
  bool is_over() const { return ended_ != nullptr ? ended_->is_set() : input_ended_; }
  Task<std::string> read() {
    while (text_.empty() && !is_over()) {
      more_.reset();
      co_await more_.wait();
    }
    co_return std::exchange(text_, "");
  }
  bool write(const std::string& bytes) {
    if (input_ended_ || is_over()) return false;
    text_ += bytes;
    more_.set();
    return true;
  }
  void end_input() {
    input_ended_ = true;
    more_.set();
  }

 private:
  static Task<void> pass_on(std::shared_ptr<Event> from, Event* to) {
    co_await from->wait();
    to->set();
  }

  Event more_;
  bool input_ended_;
  const std::shared_ptr<Event> ended_;  // null: it ends with its input
  std::string text_;
  Scope scope_;  // last: destroyed first
};

class EchoSession final : public ExecSession {
 public:
  EchoSession(Loop& loop, bool takes_input, std::shared_ptr<Event> ended) : echo_(loop, takes_input, std::move(ended)) {}
  Task<std::string> read(Stream stream) override {
    if (stream == Stream::kErr) co_return "";
    co_return co_await echo_.read();
  }
  Task<bool> write(std::string bytes) override { co_return echo_.write(bytes); }
  void end_input() override { echo_.end_input(); }
  void resize(int, int) override {}
  Task<Result<int>> wait() override { co_return 0; }

 private:
  Echo echo_;
};

class Command final : public ExecSession {
 public:
  Command(Loop& loop, FakeCommand command) : loop_(loop), ends_(loop.steady_now() + command.run_time), command_(std::move(command)) {}
  Task<std::string> read(Stream stream) override {
    if (stream == Stream::kErr) co_return "";
    co_await sleep_for(loop_, ends_ - loop_.steady_now());
    co_return std::exchange(command_.output, "");
  }
  Task<bool> write(std::string) override { co_return false; }
  void end_input() override {}
  void resize(int, int) override {}
  Task<Result<int>> wait() override {
    co_await sleep_for(loop_, ends_ - loop_.steady_now());
    co_return command_.exit_code;
  }

 private:
  Loop& loop_;
  const Duration ends_;
  FakeCommand command_;
};

class EchoConnection final : public PodConnection {
 public:
  explicit EchoConnection(Loop& loop) : echo_(loop, true, nullptr) {}
  Task<Result<std::string>> read() override { co_return co_await echo_.read(); }
  Task<bool> write(std::string bytes) override { co_return echo_.write(bytes); }
  void end_output() override { echo_.end_input(); }

 private:
  Echo echo_;
};

}  // namespace

Task<Result<std::unique_ptr<ExecSession>>> FakeRuntime::exec(std::string container_id, ExecOptions options) {
  CO_TRY_VOID(find_running(container_id));
  if (commands_) co_return std::make_unique<Command>(loop_, commands_(container_id, options.command));
  co_return std::make_unique<EchoSession>(loop_, options.in, nullptr);
}

Task<Result<std::unique_ptr<ExecSession>>> FakeRuntime::attach(std::string container_id, AttachOptions options) {
  CO_TRY(const Container* container, find_running(container_id));
  co_return std::make_unique<EchoSession>(loop_, options.in, container->ended);
}

Task<Result<void>> FakeRuntime::reopen_log(std::string container_id) {
  CO_TRY(const Container* container, find_running(container_id));
  const std::ofstream made(container->log_path, std::ios::app);
  if (!made) co_return fail(Reason::kInternalError, "the log file " + container->log_path + " cannot be made");
  co_return Result<void>{};
}

Task<Result<std::unique_ptr<PodConnection>>> FakeRuntime::connect(std::string sandbox_id, int port) {
  if (!sandboxes_.contains(sandbox_id)) co_return fail(Reason::kNotFound, "sandbox " + sandbox_id + " is not there");
  if (port == kDeafPort) co_return fail(Reason::kInternalError, "failed to connect to localhost:1 inside the pod: Connection refused");
  co_return std::make_unique<EchoConnection>(loop_);
}

}  // namespace stint
