#include "control/podgc/plan.h"

#include <gtest/gtest.h>

namespace stint::podgc {
namespace {

std::shared_ptr<corev1::Pod> pod(std::string name, std::string phase, std::string node, int64_t created = 1) {
  auto made = std::make_shared<corev1::Pod>();
  made->mutable_metadata()->set_name(name);
  made->mutable_metadata()->mutable_creationtimestamp()->set_seconds(created);
  made->mutable_status()->set_phase(phase);
  made->mutable_spec()->set_nodename(node);
  return made;
}

std::vector<std::string> names(const std::vector<Victim>& victims) {
  std::vector<std::string> result;
  for (const auto& victim : victims) result.push_back(victim.pod->metadata().name());
  return result;
}

TEST(PodGcPlan, RemovesTheOldestEndedPodsPastTheLimitEvictedFirst) {
  auto evicted = pod("evicted", "Failed", "n", 9);
  evicted->mutable_status()->set_reason("Evicted");
  const std::shared_ptr<const corev1::Pod> pods[] = {pod("old", "Succeeded", "n", 1), pod("new", "Succeeded", "n", 5), evicted,
                                                     pod("running", "Running", "n", 0)};
  const auto never = [](const std::string&) { return false; };
  EXPECT_EQ(names(plan(pods, never, 1)), (std::vector<std::string>{"evicted", "old"}));
  EXPECT_TRUE(plan(pods, never, 3).empty());
}

TEST(PodGcPlan, FailsAndRemovesThePodsOfAMissingNode) {
  const std::shared_ptr<const corev1::Pod> pods[] = {pod("lost", "Running", "gone"), pod("fine", "Running", "here")};
  const auto victims = plan(pods, [](const std::string& node) { return node == "gone"; });
  ASSERT_EQ(names(victims), (std::vector<std::string>{"lost"}));
  EXPECT_TRUE(victims[0].set_failed_first);
  EXPECT_TRUE(victims[0].disruption);
}

TEST(PodGcPlan, RemovesWhatWasDeletedBeforeItWasScheduled) {
  auto going = pod("going", "Pending", "");
  going->mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  const std::shared_ptr<const corev1::Pod> pods[] = {going, pod("waiting", "Pending", "")};
  EXPECT_EQ(names(plan(pods, [](const std::string&) { return false; })), (std::vector<std::string>{"going"}));
}

}  // namespace
}  // namespace stint::podgc
