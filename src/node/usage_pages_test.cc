#include "node/usage_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json.h"

namespace stint {
namespace {

using testing::HasSubstr;
using testing::Not;

NodeReading reading() {
  NodeReading node{.node = "n1", .at = WallTime{std::chrono::hours(1)}};
  node.used.cpu_time = std::chrono::seconds(100);
  node.used.memory_bytes = 4096;
  node.left["memory.available"] = {6000, 10000};
  PodReading pod{.ns = "default", .name = "p", .uid = "u"};
  ContainerReading container{.name = "main", .id = "u_main_0", .image = "a\"b"};
  container.used = {.cpu_time = std::chrono::milliseconds(1500), .memory_bytes = 1000, .processes = 3};
  container.used.held_bytes = 1200;
  container.limits = {.cpu_quota_us = 50'000, .memory_bytes_max = 3000};
  pod.containers = {container, container};
  pod.containers[1].name = "other";
  pod.containers[1].limits = {};
  pod.storage.layers["main"] = {.bytes = 512, .inodes = 1};
  pod.storage.volumes["v"] = {.bytes = 1024, .inodes = 2};
  pod.storage.total = {.bytes = 1536, .inodes = 3};
  node.pods = {pod};
  return node;
}

TEST(UsagePages, OfResourcesSumUpThePod) {
  const std::string text = resource_metrics(reading());
  EXPECT_THAT(text,
              HasSubstr("# TYPE pod_cpu_usage_seconds_total counter\npod_cpu_usage_seconds_total{namespace=\"default\",pod=\"p\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("container_memory_working_set_bytes{container=\"main\",namespace=\"default\",pod=\"p\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("node_cpu_usage_seconds_total 100\n"));
}

TEST(UsagePages, OfContainersHaveLimitsOnlyWhereThereAreSome) {
  const std::string text = container_metrics(reading());
  EXPECT_THAT(text, HasSubstr("container_spec_cpu_quota{container=\"main\",id=\"/kubepods/podu/u_main_0\",image=\"a\\\"b\","));
  EXPECT_THAT(text, Not(HasSubstr("container_spec_cpu_quota{container=\"other\"")));
  EXPECT_THAT(text, HasSubstr("machine_memory_bytes 10000\n"));
}

TEST(UsagePages, TheSummaryIsJsonWithWhatIsKnown) {
  const auto parsed = json::parse(stats_summary(reading()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->find("node")->find("memory")->find("availableBytes")->as_int(), 10000 - 4096);
  const json::Value& pod = parsed->find("pods")->as_array()[0];
  EXPECT_EQ(pod.find("cpu")->find("usageCoreNanoSeconds")->as_int(), 3'000'000'000);
  EXPECT_EQ(pod.find("cpu")->find("usageNanoCores"), nullptr);
  EXPECT_EQ(pod.find("ephemeral-storage")->find("usedBytes")->as_int(), 1536);
  EXPECT_EQ(pod.find("volume")->as_array()[0].find("usedBytes")->as_int(), 1024);
  const json::Value& container = pod.find("containers")->as_array()[0];
  EXPECT_EQ(container.find("memory")->find("availableBytes")->as_int(), 2000);
  EXPECT_EQ(container.find("rootfs")->find("inodesUsed")->as_int(), 1);
}

}  // namespace
}  // namespace stint
