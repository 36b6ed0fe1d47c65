#include <gtest/gtest.h>

#include "api/metrics/rules.h"

namespace stint::metrics {
namespace {

const WallTime kAt{std::chrono::seconds(1'700'000'000)};

metav1::ObjectMeta pod_meta() {
  metav1::ObjectMeta pod;
  pod.set_name("p");
  pod.set_namespace_("default");
  pod.set_uid("u");
  (*pod.mutable_labels())["app"] = "x";
  return pod;
}

TEST(PodMetrics, AreTheUsageOfEachContainerInEitherVersion) {
  const PodUsage usage{
      .at = kAt, .window = std::chrono::seconds(15), .containers = {{"a", {1'500'000, 3 << 20}}, {"b", {250'000'001, 1 << 10}}}};
  for (const char* version : {"v1", "v1beta1"}) {
    const Kind& kind = *find_kind(kGroup, version, "pods");
    const auto object = pod_metrics(kind, pod_meta(), usage);
    EXPECT_EQ(object->GetDescriptor(), kind.descriptor());
    EXPECT_EQ(meta(*object).name(), "p");
    EXPECT_EQ(meta(*object).labels().at("app"), "x");
    EXPECT_FALSE(meta(*object).has_uid());
    Row row;
    kind.rules->row(*object, WallTime(), row);
    EXPECT_EQ(row.cells[1].text, "251500001n");
    EXPECT_EQ(row.cells[2].text, "3073Ki");
    EXPECT_EQ(row.cells[3].text, "15s");
  }
}

TEST(NodeMetrics, AreTheUsageOfTheWhole) {
  const Kind& kind = *find_kind(kGroup, "v1", "nodes");
  metav1::ObjectMeta node;
  node.set_name("n1");
  const auto object = node_metrics(kind, node, {.at = kAt, .window = std::chrono::seconds(15), .usage = {2'000'000'000, 1 << 30}});
  const auto& metrics = static_cast<const metricsv1::NodeMetrics&>(*object);
  EXPECT_EQ(metrics.usage().at("cpu").string(), "2");
  EXPECT_EQ(metrics.usage().at("memory").string(), "1Gi");
  EXPECT_FALSE(metrics.metadata().has_namespace_());
}

}  // namespace
}  // namespace stint::metrics
