#include "node/usage_sampler.h"

#include <gtest/gtest.h>

#include "node/node_fixture.h"

namespace stint {
namespace {

using std::chrono::seconds;

class Usage : public testing::Test {
 protected:
  Usage() {
    node_.runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true}; });
  }
  // The uid of a pod that runs.
  std::string start(const std::string& name) {
    node_.client.put(NodeFixture::make_pod(name));
    node_.loop.run_for(seconds(1));
    return node_.pod(name)->metadata().uid();
  }
  NodeFixture node_;
};

TEST_F(Usage, OfAPodIsKnownWithinTheInterval) {
  const std::string uid = start("p");
  EXPECT_FALSE(node_.agent->usage().pod_usage(uid));
  node_.loop.run_for(seconds(16));
  const auto usage = node_.agent->usage().pod_usage(uid);
  ASSERT_TRUE(usage);
  ASSERT_TRUE(usage->containers.contains("main"));
  EXPECT_EQ(usage->containers.at("main").cpu_nanocores, 10'000'000);
  EXPECT_EQ(usage->containers.at("main").memory_bytes, 1 << 20);
}

TEST_F(Usage, IsThatOfTheLastInterval) {
  const std::string uid = start("p");
  node_.loop.run_for(seconds(61));
  const auto usage = node_.agent->usage().pod_usage(uid);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->window, seconds(15));
  EXPECT_LT(node_.loop.now() - usage->at, seconds(15));
}

TEST_F(Usage, OfAPodThatEndedIsForgotten) {
  const std::string uid = start("p");
  node_.loop.run_for(seconds(16));
  node_.runtime->exit_container(uid + "_main_0", 0);
  node_.loop.run_for(seconds(16));
  EXPECT_FALSE(node_.agent->usage().pod_usage(uid));
}

TEST_F(Usage, OfTheNodeIsThatOfTheMachine) {
  node_.loop.run_for(seconds(31));
  const auto usage = node_.agent->usage().node_usage("n1");
  ASSERT_TRUE(usage);
  EXPECT_GT(usage->usage.memory_bytes, 1 << 20);
  EXPECT_FALSE(node_.agent->usage().node_usage("another"));
}

}  // namespace
}  // namespace stint
