// Real containers of busybox, on this machine's kernel.
#include <gmock/gmock.h>
#include <signal.h>

#include "os/mounts.h"
#include "os/netlink.h"
#include "runtime/crun/records.h"
#include "runtime/runtime_fixture.h"

namespace stint {
namespace {

using testing::HasSubstr;

class CrunRuntime : public RuntimeFixture {
 protected:
  void SetUp() override {
    open("crun");
    if (HasFatalFailure()) return;
    auto made = run(runtime_->create_sandbox(sandbox("pod1")));
    ASSERT_TRUE(made) << made.error().message;
    ip_ = made->ip;
  }
  std::string output_of(ContainerConfig config) {
    const std::string id = config.id;
    const ContainerStatus status = play(std::move(config));
    EXPECT_EQ(status.exit_code, 0) << status.message << log_of(id);
    return log_of(id);
  }
  crun::Paths paths() const { return {run_dir(), dir_ + "/data"}; }
  std::string ip_;
};

TEST_F(CrunRuntime, KeepsExitCodeAndLog) {
  const ContainerStatus status = play(shell("pod1", "echo out; echo err >&2; exit 7"));
  EXPECT_EQ(status.exit_code, 7);
  EXPECT_EQ(status.reason, "Error");
  const std::string log = log_of("pod1_main_0");
  EXPECT_THAT(log, HasSubstr(" stdout F out\n"));
  EXPECT_THAT(log, HasSubstr(" stderr F err\n"));
}

TEST_F(CrunRuntime, TellsACommandThatCannotBeExecuted) {
  const ContainerStatus status = play(container("pod1", {"/bin/nothing"}));
  EXPECT_EQ(status.exit_code, 128);
  EXPECT_EQ(status.reason, "StartError");
  EXPECT_THAT(status.message, HasSubstr("/bin/nothing"));
  EXPECT_TRUE(run(runtime_->remove_container("pod1_main_0")));
}

TEST_F(CrunRuntime, GivesTheContainerWhatWasAsked) {
  ContainerConfig config = shell("pod1", "id -u; id -G; hostname; echo $GREETING; cat /data/file; pwd; cat /etc/passwd >/dev/null");
  std::ofstream(dir_ + "/file") << "from the host\n";
  config.user = "worker";
  config.supplemental_groups = {500};
  config.env.push_back("GREETING=hello");
  config.working_dir = "/tmp";
  config.mounts = {{.source = dir_ + "/file", .destination = "/data/file", .read_only = true}};
  const std::string log = output_of(config);
  for (const char* line : {"F 1234\n", "F 1235 77 500\n", "F pod-host\n", "F hello\n", "F from the host\n", "F /tmp\n"}) {
    EXPECT_THAT(log, HasSubstr(line));
  }
}

TEST_F(CrunRuntime, GivesThePrivilegedWhatThisMachineHas) {
  std::string bounds;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("CapBnd:")) bounds = line.substr(line.rfind('\t') + 1);
  }
  ASSERT_FALSE(bounds.empty());
  ContainerConfig config = shell("pod1", "grep CapEff /proc/self/status");
  config.privileged = true;
  EXPECT_THAT(output_of(config), HasSubstr(bounds + "\n"));
}

TEST_F(CrunRuntime, ShowsNothingOfOtherPodsOrTheHost) {
  const std::string log =
      output_of(shell("pod1", "echo $$; ls /sys/class/net; cat /proc/keys; echo x >/proc/sys/kernel/hostname || echo refused"));
  EXPECT_THAT(log, HasSubstr("F 1\n"));
  EXPECT_THAT(log, HasSubstr("F refused\n"));
  EXPECT_THAT(log, HasSubstr("eth0"));
  EXPECT_THAT(log, testing::Not(HasSubstr("stint-")));
}

TEST_F(CrunRuntime, RefusesAnUnknownUser) {
  ContainerConfig config = container("pod1", {"/bin/true"});
  config.user = "stranger";
  const auto started = run(runtime_->start_container(config));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message, "unable to find user stranger: no matching entries in passwd file");
  EXPECT_TRUE(runtime_->list_containers().empty());
}

TEST_F(CrunRuntime, EndsAContainerBySignal) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "trap 'exit 5' TERM; echo ready; while true; do sleep 0.01; done"))));
  while (log_of("pod1_main_0").empty()) run(runtime_->signal_container("pod1_main_0", 0));
  ASSERT_TRUE(run(runtime_->signal_container("pod1_main_0", SIGTERM)));
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 5);
}

// What a command wrote, both streams, and its exit code.
Task<std::string> told_by(ExecSession& session, std::string input) {
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

TEST_F(CrunRuntime, RunsCommandsInARunningContainer) {
  EXPECT_EQ(run(runtime_->exec("pod1_main_0", {.command = {"true"}})).error().reason, Reason::kNotFound);
  ContainerConfig config = shell("pod1", "sleep 100");
  config.user = "worker";
  config.env.push_back("GREETING=hello");
  ASSERT_TRUE(run(runtime_->start_container(config)));
  const auto told = [this](ExecOptions options, std::string input = "") {
    const auto session = run(runtime_->exec("pod1_main_0", std::move(options)));
    return session ? run(told_by(**session, std::move(input))) : session.error().message;
  };
  EXPECT_EQ(told({.command = {"/bin/sh", "-c", "echo $GREETING; id -u; echo oops >&2; exit 3"}}), "hello\n1234\n|oops\n|3");
  EXPECT_EQ(told({.command = {"/bin/cat"}, .in = true}, "to and fro"), "to and fro||0");
  EXPECT_EQ(told({.command = {"/bin/cat"}}), "||0");  // its input is at its end
  const std::string much(1 << 20, 'm');
  const auto busy = run(runtime_->exec("pod1_main_0", {.command = {"/bin/sh", "-c", "sleep 0.2; cat >/dev/null; echo done"}, .in = true}));
  ASSERT_TRUE(busy) << busy.error().message;
  EXPECT_EQ(run(told_by(**busy, much)), "done\n||0");
}

TEST_F(CrunRuntime, KnowsACommandThatCouldNotBeExecutedFromOneThatFailed) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 100"))));
  const auto began = [this](std::vector<std::string> command) {
    const auto session = run(runtime_->exec("pod1_main_0", {.command = std::move(command), .out = true, .err = true}));
    EXPECT_TRUE(session);
    const std::string told = run(told_by(**session, ""));
    return std::string((*session)->began() ? "began " : "did not begin ") + told.substr(told.rfind('|'));
  };
  EXPECT_EQ(began({"/bin/sh", "-c", "exit 127"}), "began |127");
  EXPECT_TRUE(began({"/no/such"}).starts_with("did not begin"));
  EXPECT_TRUE(began({"no-such"}).starts_with("did not begin"));
}

TEST_F(CrunRuntime, KillsACommandThatNobodyWaitsForAnyMore) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 100"))));
  const auto command = run(runtime_->exec("pod1_main_0", {.command = {"/bin/sh", "-c", "echo begun; exec sleep 4321"}, .out = true}));
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_EQ(run((*command)->read(ExecSession::Stream::kOut)), "begun\n");
  (*command)->kill();
  EXPECT_EQ(*run((*command)->wait()), 137);
}

TEST_F(CrunRuntime, GivesACommandATerminal) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 100"))));
  const auto session =
      run(runtime_->exec("pod1_main_0", {.command = {"/bin/sh", "-c", "tty; read line; stty size; exit 4"}, .in = true, .tty = true}));
  ASSERT_TRUE(session) << session.error().message;
  (*session)->resize(91, 17);
  const std::string told = run(told_by(**session, "go\n"));
  EXPECT_THAT(told, HasSubstr("/dev/pts/"));
  EXPECT_THAT(told, HasSubstr("17 91"));
  EXPECT_THAT(told, testing::EndsWith("||4"));
}

TEST_F(CrunRuntime, GivesASessionBothStreamsAndTheEndOfItsInput) {
  ContainerConfig config = shell("pod1", "cat; echo oops >&2; exit 3");
  config.stdin_open = config.stdin_once = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  const auto session = run(runtime_->attach("pod1_main_0", {.in = true, .out = true, .err = true}));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(run(told_by(**session, "to and fro\n")), "to and fro\n|oops\n|0");
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 3);
  EXPECT_THAT(log_of("pod1_main_0"), testing::AllOf(HasSubstr("stdout F to and fro\n"), HasSubstr("stderr F oops\n")));
}

TEST_F(CrunRuntime, InputForOneSessionEndsWithIt) {
  ContainerConfig config = shell("pod1", "cat; echo done");
  config.stdin_open = config.stdin_once = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  auto session = run(runtime_->attach("pod1_main_0", {.in = true}));
  ASSERT_TRUE(session) << session.error().message;
  session->reset();  // the client is gone
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 0);
  EXPECT_THAT(log_of("pod1_main_0"), HasSubstr("F done\n"));
}

TEST_F(CrunRuntime, LookingOnEndsNobodysInput) {
  ContainerConfig config = shell("pod1", "cat; echo done");
  config.stdin_open = config.stdin_once = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  for (int i = 0; i < 3; ++i) run(runtime_->attach("pod1_main_0", {.out = true}))->reset();
  const auto session = run(runtime_->attach("pod1_main_0", {.in = true, .out = true}));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(run(told_by(**session, "still there\n")), "still there\ndone\n||0");
}

TEST_F(CrunRuntime, ASessionHasTheTerminalOfItsContainer) {
  ContainerConfig config = shell("pod1", "tty; read line; stty size; read line; echo \"heard $line\"");
  config.stdin_open = config.tty = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  auto session = run(runtime_->attach("pod1_main_0", {.in = true, .out = true}));
  ASSERT_TRUE(session) << session.error().message;
  (*session)->resize(91, 17);
  EXPECT_TRUE(run((*session)->write("go\n")));
  std::string all;
  while (all.find("17 91") == std::string::npos) {
    const std::string piece = run((*session)->read(ExecSession::Stream::kOut));
    ASSERT_FALSE(piece.empty()) << all;
    all += piece;
  }
  session->reset();  // a terminal's input goes on for the next one
  session = run(runtime_->attach("pod1_main_0", {.in = true, .out = true}));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_THAT(run(told_by(**session, "you\n")), HasSubstr("heard you"));
}

TEST_F(CrunRuntime, NothingIsLostToASessionThatReadsLate) {
  ContainerConfig config = shell("pod1", "read go; i=0; while [ $i -lt 200000 ]; do echo $i; i=$((i+1)); done");
  config.stdin_open = config.stdin_once = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  const auto session = run(runtime_->attach("pod1_main_0", {.in = true, .out = true}));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_TRUE(run((*session)->write("go\n")));
  // It goes on until what is kept for the session is full, and no further.
  for (size_t size = 0, before = 1; size != before || size == 0; usleep(50'000)) before = std::exchange(size, log_of("pod1_main_0").size());
  EXPECT_EQ(runtime_->status("pod1_main_0")->state, ContainerState::kRunning);
  std::string all, expected;
  for (std::string piece; !(piece = run((*session)->read(ExecSession::Stream::kOut))).empty();) all += piece;
  for (int i = 0; i < 200000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_TRUE(all == expected) << all.size() << " of " << expected.size();
}

TEST_F(CrunRuntime, SessionsWorkAfterARestart) {
  ContainerConfig config = container("pod1", {"/bin/cat"});
  config.stdin_open = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  runtime_.reset();
  open("crun");
  const auto session = run(runtime_->attach("pod1_main_0", {.in = true, .out = true}));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_TRUE(run((*session)->write("hello\n")));
  EXPECT_EQ(run((*session)->read(ExecSession::Stream::kOut)), "hello\n");
}

TEST_F(CrunRuntime, NoLineIsLostWhenTheLogIsMovedAway) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done"))));
  const std::string path = dir_ + "/pod1_main_0.log";
  std::vector<std::string> files;
  for (int i = 0; i < 3 && runtime_->status("pod1_main_0")->state == ContainerState::kRunning; ++i) {
    files.push_back(path + "." + std::to_string(i));
    std::filesystem::rename(path, files.back());
    const auto reopened = run(runtime_->reopen_log("pod1_main_0"));
    if (!reopened) EXPECT_EQ(reopened.error().reason, Reason::kNotFound) << reopened.error().message;
  }
  EXPECT_FALSE(files.empty());
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 0);
  files.push_back(path);
  // conmon writes what one read gave it: a line that the end of its buffer cut comes in pieces, tagged P but for the last.
  int next = 0;
  std::string text;
  for (const std::string& file : files) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      const size_t tag = line.find(" stdout ");
      ASSERT_NE(tag, std::string::npos) << line;
      text += line.substr(tag + std::string_view(" stdout F ").size());
      if (line[tag + std::string_view(" stdout ").size()] == 'P') continue;
      ASSERT_EQ(text, std::to_string(next++));
      text.clear();
    }
  }
  EXPECT_EQ(next, 20000);
}

TEST_F(CrunRuntime, RemovesASandboxWithWhatRunsInIt) {
  ASSERT_TRUE(run(runtime_->start_container(container("pod1", {"/bin/sleep", "1000"}))));
  ASSERT_TRUE(run(runtime_->remove_sandbox("pod1")));
  EXPECT_TRUE(runtime_->list_containers().empty());
  ASSERT_EQ(exits_.size(), 1u);
  EXPECT_EQ(exits_[0].exit_code, 137);
}

TEST_F(CrunRuntime, TellsWantOfMemory) {
  ContainerConfig config = shell("pod1", "x=a; while true; do x=$x$x; done");
  config.limits.memory_bytes_max = 16 << 20;
  const ContainerStatus status = play(config);
  EXPECT_EQ(status.exit_code, 137);
  EXPECT_EQ(status.reason, "OOMKilled");
  EXPECT_TRUE(status.oom_killed);
}

TEST_F(CrunRuntime, TakesOverWhatRunsAfterARestart) {
  ContainerConfig config = shell("pod1", "while [ ! -e /shared/go ]; do sleep 0.01; done; echo done; exit 3");
  config.mounts = {{.source = dir_ + "/layer/tmp", .destination = "/shared"}};
  ASSERT_TRUE(run(runtime_->start_container(config)));
  runtime_.reset();  // as kill -9: nothing is said to anybody
  open("crun");
  ASSERT_EQ(runtime_->list_containers().size(), 1u);
  EXPECT_EQ(runtime_->status("pod1_main_0")->state, ContainerState::kRunning);
  EXPECT_EQ(runtime_->list_sandboxes()[0].ip, ip_);
  std::ofstream(dir_ + "/layer/tmp/go") << "";
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 3);
  EXPECT_THAT(log_of("pod1_main_0"), HasSubstr("F done\n"));
}

TEST_F(CrunRuntime, LearnsTheExitCodeOfWhatEndedWhileItWasAway) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "exit 9"))));
  runtime_.reset();
  exits_.clear();
  open("crun");
  EXPECT_EQ(wait_for_exit("pod1_main_0").exit_code, 9);
  EXPECT_EQ(exits_.size(), 1u);
}

TEST_F(CrunRuntime, KnowsWhenSomethingEndedWhileItWasAway) {
  ASSERT_TRUE(run(runtime_->start_container(shell("pod1", "sleep 0.2; exit 9"))));
  runtime_.reset();
  while (!std::filesystem::exists(paths().exit_file("pod1_main_0"))) usleep(1000);
  const WallTime ended = loop_->now();
  usleep(300'000);
  open("crun");
  const ContainerStatus status = wait_for_exit("pod1_main_0");
  EXPECT_LE(status.finished_at, ended + std::chrono::milliseconds(100));
  EXPECT_GT(status.finished_at, status.started_at);
}

TEST_F(CrunRuntime, TakesOverWhatItHadNoTimeToRecord) {
  ASSERT_TRUE(run(runtime_->start_container(container("pod1", {"/bin/sleep", "1000"}))));
  runtime_.reset();
  crun::ContainerRecord record = crun::read_container(paths(), "pod1_main_0").value();
  const WallTime started = record.status.started_at;
  record = {.status = {.id = "pod1_main_0", .sandbox_id = "pod1", .name = "main", .state = ContainerState::kCreated},
            .cgroup = record.cgroup};
  ASSERT_TRUE(crun::write_container(paths(), record));
  open("crun");
  const auto status = runtime_->status("pod1_main_0");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->state, ContainerState::kRunning);
  EXPECT_LE(std::chrono::abs(status->started_at - started), std::chrono::seconds(1));
}

TEST_F(CrunRuntime, IsNotHeldUpByALeftoverThatCannotBeRemoved) {
  runtime_.reset();
  const std::string leftover = dir_ + "/data/leftover";
  std::filesystem::create_directories(leftover);
  ASSERT_TRUE(os::mount_tmpfs(leftover, "size=64k"));
  open("crun");
  EXPECT_EQ(play(container("pod1", {"/bin/true"})).exit_code, 0);
  EXPECT_TRUE(os::unmount(leftover));
}

TEST_F(CrunRuntime, RemovesASandboxThatCouldNotBeMadeWhole) {
  SandboxConfig config = sandbox("pod2");
  config.limits.cpu_quota_us = 1;  // less than the kernel takes
  EXPECT_FALSE(run(runtime_->create_sandbox(config)));
  EXPECT_TRUE(std::filesystem::exists(paths().sandbox("pod2")));
  EXPECT_TRUE(run(runtime_->remove_sandbox("pod2")));
  EXPECT_FALSE(std::filesystem::exists(paths().sandbox("pod2")));
}

TEST_F(CrunRuntime, LeavesNothingBehind) {
  play(container("pod1", {"/bin/true"}));
  ASSERT_TRUE(run(runtime_->start_container(container("pod1", {"/bin/sleep", "1000"}, 1))));
  close();
  EXPECT_TRUE(os::mounts_under(run_dir())->empty());
  EXPECT_TRUE(os::mounts_under(dir_)->empty());
  EXPECT_FALSE(std::filesystem::exists(run_dir()));
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/data"));
  EXPECT_TRUE(os::links_with_prefix("stint-" + std::filesystem::path(dir_).filename().string().substr(14)).value().empty());
}

}  // namespace
}  // namespace stint
