#include "server/testing.h"

namespace stint {
namespace {

// Of node n1 and of the pod with the uid that is set.
struct Measurements : UsageSource {
  std::optional<NodeUsage> node_usage(const std::string& node) const override {
    if (node != "n1") return std::nullopt;
    return NodeUsage{.window = std::chrono::seconds(15), .usage = {1'000'000, 1 << 20}};
  }
  std::optional<PodUsage> pod_usage(const std::string& uid) const override {
    if (uid != pod_uid) return std::nullopt;
    return PodUsage{.window = std::chrono::seconds(15), .containers = {{"main", {1'000'000, 1 << 20}}}};
  }
  std::string pod_uid;
};

class UsageMetrics : public ServerTest {
 protected:
  Request metrics_request(Verb verb, const char* plural, const std::string& name = "") {
    Request request{
        .user = {.name = "admin", .groups = {"system:masters"}}, .verb = verb, .kind = find_kind("metrics.k8s.io", "v1beta1", plural)};
    request.name = name;
    if (request.kind->namespaced) request.ns = "default";
    return request;
  }
  Measurements measurements_;
};

TEST_F(UsageMetrics, AreOfTheRunningPodsThatTheSelectorPicks) {
  const auto made = create(pod("a"));
  ASSERT_TRUE(made);
  ASSERT_TRUE(create(pod("b")));
  measurements_.pod_uid = meta(*made->object).uid();
  server_->set_usage_source(&measurements_);
  auto list = handle(metrics_request(Verb::kList, "pods"));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->items.size(), 1u);
  EXPECT_EQ(meta(*list->items[0]).name(), "a");
  Request other = metrics_request(Verb::kList, "pods");
  other.label_selector = "no=label";
  EXPECT_TRUE(handle(std::move(other))->items.empty());
}

TEST_F(UsageMetrics, OfAPodThatWasNotMeasuredAreNotFound) {
  ASSERT_TRUE(create(pod("b")));
  server_->set_usage_source(&measurements_);
  const auto got = handle(metrics_request(Verb::kGet, "pods", "b"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "podmetrics.metrics.k8s.io \"default/b\" not found");
  EXPECT_EQ(handle(metrics_request(Verb::kGet, "pods", "nobody")).error().message, "pods \"nobody\" not found");
}

}  // namespace
}  // namespace stint
