// What the node agent relies on, held against every driver.
#include "runtime/fake/fake_runtime.h"
#include "runtime/runtime_fixture.h"

namespace stint {
namespace {

using Session = std::unique_ptr<ExecSession>;

class RuntimeContract : public RuntimeFixture, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    if (const std::string missing = what_is_missing(GetParam()); !missing.empty()) GTEST_SKIP() << missing;
    open(GetParam());
    if (auto* fake = dynamic_cast<FakeRuntime*>(runtime_.get())) {
      fake->set_behaviour([](const ContainerConfig& config) { return FakeOutcome{.runs_for_ever = config.args[0] != "/bin/true"}; });
    }
  }
  void make_sandbox(const std::string& id) {
    const auto made = run(runtime_->create_sandbox(sandbox(id)));
    ASSERT_TRUE(made) << made.error().message;
  }
  Session attach(AttachOptions options) {
    auto attached = run(runtime_->attach("a_main_0", options));
    EXPECT_TRUE(attached) << attached.error().message;
    return attached ? *std::move(attached) : nullptr;
  }
  // So much of its output.
  std::string read(ExecSession& session, size_t size) {
    std::string all;
    while (all.size() < size) {
      const std::string piece = run(session.read(ExecSession::Stream::kOut));
      if (piece.empty()) break;
      all += piece;
    }
    return all;
  }
};

TEST_P(RuntimeContract, RunsAContainerAndTellsItsEndOnce) {
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  const ContainerStatus status = play(container("a", {"/bin/true"}));
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_EQ(status.reason, "Completed");
  EXPECT_GE(status.finished_at, status.started_at);
  EXPECT_EQ(status.sandbox_id, "a");
  EXPECT_EQ(status.name, "main");
  ASSERT_EQ(exits_.size(), 1u);
  EXPECT_EQ(exits_[0].id, "a_main_0");
}

TEST_P(RuntimeContract, StartsAContainerOnceHoweverOftenItIsAsked) {
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  const ContainerStatus first = play(container("a", {"/bin/true"}));
  const auto again = run(runtime_->start_container(container("a", {"/bin/true"})));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->state, ContainerState::kExited);
  EXPECT_EQ(again->finished_at, first.finished_at);
  EXPECT_EQ(runtime_->list_containers().size(), 1u);
}

TEST_P(RuntimeContract, RefusesAContainerWithoutItsSandbox) {
  const auto started = run(runtime_->start_container(container("nobody", {"/bin/true"})));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason, Reason::kNotFound);
}

TEST_P(RuntimeContract, RemovesWhatIsThereAndWhatIsNot) {
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  play(container("a", {"/bin/true"}));
  EXPECT_TRUE(run(runtime_->signal_container("a_main_0", 15)));
  EXPECT_TRUE(run(runtime_->remove_container("a_main_0")));
  EXPECT_TRUE(run(runtime_->remove_container("a_main_0")));
  EXPECT_FALSE(runtime_->status("a_main_0").has_value());
  EXPECT_TRUE(run(runtime_->remove_sandbox("a")));
  EXPECT_TRUE(run(runtime_->remove_sandbox("a")));
  EXPECT_TRUE(runtime_->list_sandboxes().empty());
  EXPECT_TRUE(run(runtime_->signal_container("a_main_0", 9)));
}

TEST_P(RuntimeContract, GivesEverySandboxAnAddressOfItsOwn) {
  const auto a = run(runtime_->create_sandbox(sandbox("a")));
  const auto b = run(runtime_->create_sandbox(sandbox("b")));
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->ip, b->ip);
  EXPECT_FALSE(a->ip.empty());
  EXPECT_TRUE(a->ready);
  EXPECT_EQ(runtime_->list_sandboxes().size(), 2u);
}

TEST_P(RuntimeContract, TellsWhatARunningContainerUses) {
  EXPECT_EQ(run(runtime_->usage("a_main_0")).error().reason, Reason::kNotFound);
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  ASSERT_TRUE(run(runtime_->start_container(container("a", {"/bin/sleep", "100"}))));
  if (const auto usage = run(runtime_->usage("a_main_0")); usage) {  // the fake one's may have ended
    EXPECT_GE(usage->cpu_time, Duration(0));
    EXPECT_GT(usage->memory_bytes, 0);
  }
  ASSERT_TRUE(run(runtime_->remove_container("a_main_0")));
  EXPECT_EQ(run(runtime_->usage("a_main_0")).error().reason, Reason::kNotFound);
}

TEST_P(RuntimeContract, SessionsJoinTheStreamsOfARunningContainer) {
  EXPECT_EQ(run(runtime_->attach("a_main_0", {.out = true})).error().reason, Reason::kNotFound);
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  ContainerConfig config = container("a", {"/bin/cat"});
  config.stdin_open = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  Session session = attach({.in = true, .out = true});
  ASSERT_TRUE(session);
  EXPECT_TRUE(run(session->write("to and fro\n")));
  EXPECT_EQ(read(*session, 11), "to and fro\n");
  session.reset();  // the container goes on, and its input too
  session = attach({.in = true, .out = true});
  EXPECT_TRUE(run(session->write("again\n")));
  EXPECT_EQ(read(*session, 6), "again\n");
  ASSERT_TRUE(run(runtime_->signal_container("a_main_0", 9)));
  EXPECT_EQ(run(session->read(ExecSession::Stream::kOut)), "");
  EXPECT_EQ(run(session->wait()).value_or(-1), 0);
}

TEST_P(RuntimeContract, ASessionThatHasNoInputSaysNothing) {
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  ContainerConfig config = container("a", {"/bin/cat"});
  config.stdin_open = true;
  ASSERT_TRUE(run(runtime_->start_container(config)));
  EXPECT_FALSE(run(attach({.out = true})->write("x")));
}

TEST_P(RuntimeContract, ConnectsToWhatListensInASandbox) {
  EXPECT_EQ(run(runtime_->connect("a", 7000)).error().reason, Reason::kNotFound);
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  ASSERT_TRUE(run(runtime_->start_container(container("a", {"/bin/nc", "-ll", "-p", "7000", "-e", "/bin/cat"}))));
  const auto nobody = run(runtime_->connect("a", 1));
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().message.find("failed to connect to localhost:1 inside the pod"), std::string::npos) << nobody.error().message;
  EXPECT_NE(nobody.error().message.find("Connection refused"), std::string::npos) << nobody.error().message;
  auto connection = run(runtime_->connect("a", 7000));
  while (!connection) connection = run(runtime_->connect("a", 7000));  // it does not listen yet
  EXPECT_TRUE(run((*connection)->write("to and fro")));
  (*connection)->end_output();
  std::string all;
  for (std::string piece; !(piece = run((*connection)->read()).value_or("")).empty();) all += piece;
  EXPECT_EQ(all, "to and fro");
}

TEST_P(RuntimeContract, GoesOnInANewLogWhenTheOldOneWasMovedAway) {
  EXPECT_EQ(run(runtime_->reopen_log("a_main_0")).error().reason, Reason::kNotFound);
  ASSERT_NO_FATAL_FAILURE(make_sandbox("a"));
  ASSERT_TRUE(run(runtime_->start_container(container("a", {"/bin/sleep", "100"}))));
  const std::string path = dir_ + "/a_main_0.log";
  std::ofstream(path, std::ios::app) << "";  // the fake one has written nothing
  std::filesystem::rename(path, path + ".old");
  const auto reopened = run(runtime_->reopen_log("a_main_0"));
  ASSERT_TRUE(reopened) << reopened.error().message;
  EXPECT_TRUE(std::filesystem::exists(path));
}

INSTANTIATE_TEST_SUITE_P(Drivers, RuntimeContract, testing::Values("fake", "crun", "runc", "cri"),
                         [](const auto& info) { return info.param; });

}  // namespace

}  // namespace stint
