// What real containers do, of the drivers that have no such suite of their own (crun/crun_runtime_test.cc): of busybox, on this machine's kernel.
#include <gmock/gmock.h>
#include <signal.h>

#include "runtime/runtime_fixture.h"

namespace stint {
namespace {

using testing::HasSubstr;

class RealRuntime : public RuntimeFixture, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    if (const std::string missing = what_is_missing(GetParam()); !missing.empty()) GTEST_SKIP() << missing;
    open(GetParam());
    if (HasFatalFailure()) return;
    auto made = run(runtime_->create_sandbox(sandbox("pod1")));
    ASSERT_TRUE(made) << made.error().message;
    ip_ = made->ip;
  }
  // As kill -9, and another life: nothing is said to anybody.
  void begin_anew() {
    runtime_.reset();
    exits_.clear();
    open(GetParam());
  }

  // What a command wrote, both streams, and its exit code.
  static Task<std::string> told_by(ExecSession& session, std::string input) {
    if (!input.empty()) static_cast<void>(co_await session.write(std::move(input)));
    session.end_input();
    std::string all;
    for (const auto stream : {ExecSession::Stream::kOut, ExecSession::Stream::kErr}) {
      for (std::string piece = "x"; !piece.empty(); all += piece) piece = co_await session.read(stream);
      all += "|";
    }
    const Result<int> code = co_await session.wait();
    co_return all + (code ? std::to_string(*code) : code.error().message);
  }
  std::string told(ExecOptions options, std::string input = "") {
    const auto session = run(runtime_->exec("pod1_main_0", std::move(options)));
    return session ? run(told_by(**session, std::move(input))) : session.error().message;
  }

  std::string ip_;
};

TEST_P(RealRuntime, KeepsExitCodeAndLog) {
  const ContainerStatus status = play(shell("pod1", "echo out; echo err >&2; exit 7"));
  EXPECT_EQ(status.exit_code, 7);
  EXPECT_EQ(status.reason, "Error");
  EXPECT_THAT(log_of("pod1_main_0"), HasSubstr(" stdout F out\n"));
  EXPECT_THAT(log_of("pod1_main_0"), HasSubstr(" stderr F err\n"));
}

TEST_P(RealRuntime, TellsACommandThatCannotBeExecuted) {
  const ContainerStatus status = play(container("pod1", {"/bin/nothing"}));
  EXPECT_EQ(status.exit_code, 128);
  EXPECT_EQ(status.reason, "StartError");
  EXPECT_THAT(status.message, HasSubstr("/bin/nothing"));
  EXPECT_TRUE(run(runtime_->remove_container("pod1_main_0")));
}

TEST_P(RealRuntime, GivesTheContainerWhatWasAsked) {
  ContainerConfig config = shell("pod1", "id -u; id -g; hostname; echo $GREETING; cat /data/file; pwd; echo x >/data/file || echo refused");
  std::ofstream(dir_ + "/file") << "from the host\n";
  config.user = "1234:1235";
  config.env.push_back("GREETING=hello");
  config.working_dir = "/tmp";
  config.mounts = {{.source = dir_ + "/file", .destination = "/data/file", .read_only = true}};
  EXPECT_EQ(play(config).exit_code, 0);
  const std::string log = log_of("pod1_main_0");
  for (const char* line : {"F 1234\n", "F 1235\n", "F pod-host\n", "F hello\n", "F from the host\n", "F /tmp\n", "F refused\n"}) {
    EXPECT_THAT(log, HasSubstr(line));
  }
}

TEST_P(RealRuntime, RunsCommandsWithTheirStreams) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 100"))));
  EXPECT_EQ(told({.command = {"/bin/sh", "-c", "echo out; echo oops >&2; exit 3"}, .out = true, .err = true}), "out\n|oops\n|3");
  EXPECT_EQ(told({.command = {"/bin/cat"}, .in = true, .out = true}, "to and fro"), "to and fro||0");
  const std::string much(1 << 20, 'm');
  EXPECT_EQ(told({.command = {"/bin/sh", "-c", "cat >/dev/null; echo done"}, .in = true, .out = true}, much), "done\n||0");
}

TEST_P(RealRuntime, GivesACommandATerminal) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 100"))));
  const auto session = run(runtime_->exec(
      "pod1_main_0", {.command = {"/bin/sh", "-c", "tty; read line; stty size; exit 4"}, .in = true, .out = true, .tty = true}));
  ASSERT_TRUE(session) << session.error().message;
  (*session)->resize(91, 17);
  EXPECT_TRUE(run((*session)->write("go\n")));  // and no end of it: containerd then shows no more of a terminal
  std::string all;
  for (std::string piece = "x"; !piece.empty(); all += piece) piece = run((*session)->read(ExecSession::Stream::kOut));
  all += "||" + std::to_string(run((*session)->wait()).value_or(-1));
  EXPECT_THAT(all, HasSubstr("/dev/pts/"));
  EXPECT_THAT(all, HasSubstr("17 91"));
  EXPECT_THAT(all, testing::EndsWith("||4"));
}

TEST_P(RealRuntime, EndsAContainerWhenItIsAsked) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "trap 'exit 5' TERM; echo ready; while true; do sleep 0.01; done"))));
  while (log_of("pod1_main_0").empty()) run(runtime_->signal_container("pod1_main_0", 0));
  ASSERT_TRUE(run(runtime_->signal_container("pod1_main_0", SIGTERM)));
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 5);
}

TEST_P(RealRuntime, KillsWhatDoesNotListen) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "trap '' TERM; echo ready; while true; do sleep 0.01; done"))));
  while (log_of("pod1_main_0").empty()) run(runtime_->signal_container("pod1_main_0", 0));
  ASSERT_TRUE(run(runtime_->signal_container("pod1_main_0", SIGTERM)));
  ASSERT_TRUE(run(runtime_->signal_container("pod1_main_0", SIGKILL)));
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 137);
}

TEST_P(RealRuntime, RemovesASandboxWithWhatRunsInIt) {
  ASSERT_TRUE(run(runtime_->start_container(container("pod1", {"/bin/sleep", "1000"}))));
  ASSERT_TRUE(run(runtime_->remove_sandbox("pod1")));
  EXPECT_TRUE(runtime_->list_containers().empty());
  ASSERT_EQ(exits_.size(), 1u);
  EXPECT_EQ(exits_[0].exit_code, 137);
}

TEST_P(RealRuntime, TellsWantOfMemory) {
  ContainerConfig config = shell("pod1", "x=a; while true; do x=$x$x; done");
  config.limits.memory_bytes_max = 16 << 20;
  const ContainerStatus status = play(config);
  EXPECT_EQ(status.exit_code, 137);
  EXPECT_EQ(status.reason, "OOMKilled");
}

TEST_P(RealRuntime, TakesOverWhatRunsAfterARestart) {
  ContainerConfig config = shell("pod1", "while [ ! -e /shared/go ]; do sleep 0.01; done; echo done; exit 3");
  config.mounts = {{.source = dir_ + "/layer/tmp", .destination = "/shared"}};
  ASSERT_TRUE(run(runtime_->start_container(config)));
  begin_anew();
  ASSERT_EQ(runtime_->list_containers().size(), 1u);
  EXPECT_EQ(runtime_->status("pod1_main_0")->state, ContainerState::kRunning);
  EXPECT_EQ(runtime_->list_sandboxes()[0].ip, ip_);
  std::ofstream(dir_ + "/layer/tmp/go") << "";
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 3);
  EXPECT_THAT(log_of("pod1_main_0"), HasSubstr("F done\n"));
}

TEST_P(RealRuntime, LearnsTheExitCodeOfWhatEndedWhileItWasAway) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "exit 9"))));
  begin_anew();
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 9);
  EXPECT_EQ(exits_.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Drivers, RealRuntime, testing::Values("runc", "cri"), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace stint
