#include "node/node_object.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

NodeDescription machine() {
  return {.name = "n",
          .host_ip = "10.0.0.1",
          .runtime_version = "fake://1",
          .pods_max = 10,
          .reserved = {},
          .facts = {.cpus = 2, .memory_bytes = int64_t{4} << 30, .storage_bytes = int64_t{1} << 40}};
}

TEST(NodeObject, AllIsForPodsUnlessSomeIsReserved) {
  const corev1::NodeStatus status = node_status(machine(), {}, WallTime{});
  EXPECT_EQ(status.capacity().at("cpu").string(), "2");
  EXPECT_EQ(status.allocatable().at("cpu").string(), "2");
  EXPECT_EQ(status.allocatable().at("memory").string(), "4194304Ki");
}

TEST(NodeObject, WhatIsReservedIsNotForPods) {
  NodeDescription node = machine();
  node.reserved = {{"cpu", 500}, {"memory", int64_t{1} << 30}, {"ephemeral-storage", int64_t{1} << 50}};
  const corev1::NodeStatus status = node_status(node, {}, WallTime{});
  EXPECT_EQ(status.capacity().at("cpu").string(), "2");
  EXPECT_EQ(status.allocatable().at("cpu").string(), "1500m");
  EXPECT_EQ(status.allocatable().at("memory").string(), "3145728Ki");
  EXPECT_EQ(status.allocatable().at("ephemeral-storage").string(), "0");
  EXPECT_EQ(node_allocatable(node).at("cpu"), 1500);
}

}  // namespace
}  // namespace stint
