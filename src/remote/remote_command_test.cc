#include "remote/remote_command.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/sim_loop.h"
#include "remote/remote_connection.h"

namespace stint {
namespace {

using Stream = ExecSession::Stream;

// The other program: says what it is told to, and notes what it hears.
class PlayedChannels : public CommandChannels {
 public:
  explicit PlayedChannels(Loop& loop, std::string* heard) : heard_(heard), more_(loop) {}

  void say(CommandChannel channel, std::string bytes) {
    says_.push_back({channel, std::move(bytes)});
    more_.set();
  }
  void hang_up() {
    gone_ = true;
    more_.set();
  }
  size_t unsaid() const { return says_.size(); }

  Task<std::optional<Piece>> receive() override {
    while (says_.empty() && !gone_) {
      more_.reset();
      co_await more_.wait();
    }
    if (says_.empty()) co_return std::nullopt;
    Piece piece = std::move(says_.front());
    says_.pop_front();
    co_return piece;
  }
  Task<bool> send(Piece piece) override {
    *heard_ += std::to_string(static_cast<int>(piece.channel)) + ":" + piece.bytes + " ";
    co_return !gone_;
  }
  Task<bool> end_input() override {
    *heard_ += "end ";
    co_return !gone_;
  }

 private:
  std::string* heard_;
  std::deque<Piece> says_;
  bool gone_ = false;
  Event more_;
};

class RemoteCommand : public testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    Scope scope(loop_);
    scope.spawn(keep(std::move(task), &value));
    loop_.run_ready();
    EXPECT_TRUE(value) << "it waits";
    return value ? std::move(*value) : T();
  }
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* value) {
    value->emplace(co_await std::move(task));
  }

  SimLoop loop_{WallTime{}};
  std::string heard_;
  PlayedChannels* other_ = new PlayedChannels(loop_, &heard_);  // the session's
  std::unique_ptr<ExecSession> session_ = make_remote_command(loop_, std::unique_ptr<CommandChannels>(other_));
};

TEST_F(RemoteCommand, GivesEachStreamAndThenTheExitCode) {
  other_->say(CommandChannel::kOut, "one ");
  other_->say(CommandChannel::kErr, "oops");
  other_->say(CommandChannel::kOut, "two");
  other_->say(CommandChannel::kOutcome, R"({"status":"Failure","reason":"NonZeroExitCode",)");
  other_->say(CommandChannel::kOutcome, R"("details":{"causes":[{"reason":"ExitCode","message":"3"}]}})");
  other_->hang_up();
  loop_.run_ready();
  EXPECT_EQ(run(session_->read(Stream::kOut)), "one two");
  EXPECT_EQ(run(session_->read(Stream::kErr)), "oops");
  EXPECT_EQ(run(session_->read(Stream::kOut)), "");
  EXPECT_EQ(run(session_->wait()).value(), 3);
}

TEST_F(RemoteCommand, PassesInputOnInOrderAndItsEndLast) {
  EXPECT_TRUE(run(session_->write("a")));
  session_->resize(80, 24);
  EXPECT_TRUE(run(session_->write("b")));
  session_->end_input();
  loop_.run_ready();
  EXPECT_EQ(heard_, R"(0:a 4:{"Width":80,"Height":24} 0:b end )");
}

TEST_F(RemoteCommand, TellsOfAConnectionThatIsLost) {
  other_->say(CommandChannel::kOut, "half");
  other_->hang_up();
  loop_.run_ready();
  EXPECT_EQ(run(session_->read(Stream::kOut)), "half");
  EXPECT_FALSE(run(session_->wait()).has_value());
  EXPECT_FALSE(run(session_->write("x")));
}

TEST_F(RemoteCommand, HoldsUpTheOtherSideWhileNobodyReads) {
  for (int i = 0; i < 10; ++i) other_->say(CommandChannel::kOut, std::string(100 * 1024, 'x'));
  loop_.run_ready();
  EXPECT_GT(other_->unsaid(), 5u);
  size_t size = 0;
  for (size_t got = 1; got > 0 && size < 1000 * 1024; size += got) got = run(session_->read(Stream::kOut)).size();
  EXPECT_EQ(size, 1000u * 1024);
}

TEST(RemoteOutcome, IsReadOffAStatus) {
  EXPECT_EQ(exit_code_of(R"({"metadata":{},"status":"Success"})").value(), 0);
  EXPECT_EQ(exit_code_of(R"({"status":"Failure","reason":"InternalError","message":"error executing command in container: no such file"})")
                .error()
                .message,
            "no such file");
  EXPECT_FALSE(exit_code_of("nonsense"));
  EXPECT_FALSE(exit_code_of(R"({"status":"Failure","reason":"NonZeroExitCode"})"));
}

TEST(RemoteConnection, WhatIsSaidAnewIsLeftOut) {
  EXPECT_EQ(without_forward_prefix("error forwarding port 80 to pod 5e2c, uid : dial: connection refused"), "dial: connection refused");
  EXPECT_EQ(without_forward_prefix("error forwarding port 80"), "error forwarding port 80");
  EXPECT_EQ(without_forward_prefix("else"), "else");
}

}  // namespace
}  // namespace stint
