// What the node agent relies on, held against every driver.
#include "runtime/runtime_fixture.h"

namespace stint {
namespace {

class RuntimeContract : public RuntimeFixture, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { open(GetParam()); }
};

TEST_P(RuntimeContract, RunsAContainerAndTellsItsEndOnce) {
  ASSERT_TRUE(run(runtime_->create_sandbox(sandbox("a"))));
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
  ASSERT_TRUE(run(runtime_->create_sandbox(sandbox("a"))));
  ASSERT_TRUE(run(runtime_->create_sandbox(sandbox("a"))));
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
  ASSERT_TRUE(run(runtime_->create_sandbox(sandbox("a"))));
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
  ASSERT_TRUE(run(runtime_->create_sandbox(sandbox("a"))));
  ASSERT_TRUE(run(runtime_->start_container(container("a", {"/bin/sleep", "100"}))));
  if (const auto usage = run(runtime_->usage("a_main_0")); usage) {  // the fake one's may have ended
    EXPECT_GE(usage->cpu_time, Duration(0));
    EXPECT_GT(usage->memory_bytes, 0);
  }
  ASSERT_TRUE(run(runtime_->remove_container("a_main_0")));
  EXPECT_EQ(run(runtime_->usage("a_main_0")).error().reason, Reason::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Drivers, RuntimeContract, testing::Values("fake", "crun"), [](const auto& info) { return info.param; });

}  // namespace

}  // namespace stint
