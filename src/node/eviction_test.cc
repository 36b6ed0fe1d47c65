#include "node/eviction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "node/conditions.h"
#include "node/machine_signals.h"
#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

constexpr int64_t kMi = 1 << 20;

PodUse use(const std::string& name, int64_t memory, const std::string& request = "", int priority = 0) {
  auto pod = NodeFixture::make_pod(name);
  pod.mutable_spec()->set_priority(priority);
  if (!request.empty()) {
    auto& requests = *pod.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_requests();
    requests["memory"].set_string(request);
    requests["ephemeral-storage"].set_string(request);
  }
  PodUse use{.pod = std::make_shared<corev1::Pod>(pod), .memory_bytes = {{"main", memory}}, .processes = memory};
  use.storage.layers["main"].bytes = use.storage.total.bytes = memory;
  return use;
}

std::vector<std::string> ranked(std::string_view signal, std::vector<PodUse> uses) {
  std::vector<std::string> names;
  for (const PodUse& each : rank_victims(signal, std::move(uses))) names.push_back(each.pod->metadata().name());
  return names;
}

TEST(Eviction, AThresholdIsMetBelowItsQuantityOrItsShare) {
  const auto thresholds = default_eviction_thresholds();
  const auto met = [&](const std::string& signal, int64_t available, int64_t capacity) {
    return !met_thresholds({{signal, {available, capacity}}}, thresholds).empty();
  };
  EXPECT_FALSE(met("memory.available", 100 * kMi, 1000 * kMi));
  EXPECT_TRUE(met("memory.available", 100 * kMi - 1, 1000 * kMi));
  EXPECT_FALSE(met("nodefs.available", 10, 100));
  EXPECT_TRUE(met("nodefs.available", 9, 100));
  EXPECT_TRUE(met("imagefs.available", 14, 100));
  EXPECT_FALSE(met("nodefs.inodesFree", 5, 100));
  EXPECT_TRUE(met("imagefs.inodesFree", 4, 100));
  EXPECT_FALSE(met("pid.available", 0, 100));  // no threshold
}

TEST(Eviction, MemoryIsLookedAfterFirst) {
  const auto met = met_thresholds({{"imagefs.available", {0, 100}}, {"nodefs.available", {0, 100}}, {"memory.available", {1, 100}}},
                                  default_eviction_thresholds());
  ASSERT_EQ(met.size(), 3u);
  EXPECT_EQ(met[0].signal, "memory.available");
  EXPECT_EQ(met[1].signal, "nodefs.available");
}

TEST(Eviction, APressureStaysForFiveMinutes) {
  PressureTracker tracker;
  const Duration start = 1h;
  EXPECT_EQ(tracker.observe({{.signal = "nodefs.inodesFree"}}, start), (NodePressure{.disk = true}));
  EXPECT_EQ(tracker.observe({}, start + 299s), (NodePressure{.disk = true}));
  EXPECT_EQ(tracker.observe({}, start + 300s), NodePressure{});
  EXPECT_EQ(tracker.observe({{.signal = "memory.available"}, {.signal = "pid.available"}}, start),
            (NodePressure{.memory = true, .pids = true}));
}

TEST(Eviction, RanksByExcessThenPriorityThenHowFarOver) {
  const std::vector<PodUse> uses = {use("within", 90 * kMi, "100Mi", -5), use("little", 101 * kMi, "100Mi"),
                                    use("much", 300 * kMi, "100Mi"), use("important", 900 * kMi, "", 10),
                                    use("critical", 900 * kMi, "", 2'000'000'000)};
  for (const auto signal : {signal::kMemoryAvailable, signal::kNodefsAvailable})
    EXPECT_THAT(ranked(signal, uses), ElementsAre("much", "little", "important", "within")) << signal;
  EXPECT_THAT(ranked(signal::kPidAvailable, uses), ElementsAre("within", "much", "little", "important"));
}

TEST(Eviction, SaysWhatWasShortAndWhoUsedMoreThanItAskedFor) {
  const MetThreshold met{.signal = "memory.available", .quantity = 100 * kMi, .available = 90 * kMi};
  EXPECT_EQ(eviction_message(met, use("p", 64 * kMi, "32Mi")),
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi. "
            "Container main was using 64Mi, request is 32Mi, has larger consumption of memory. ");
  EXPECT_EQ(eviction_message(met, use("p", 64 * kMi, "64Mi")),
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi. ");
  EXPECT_EQ(eviction_message({.signal = "imagefs.available", .quantity = 10 * kMi, .available = kMi}, use("p", 64 * kMi)),
            "The node was low on resource: ephemeral-storage. Threshold quantity: 10Mi, available: 1Mi. "
            "Container main was using 64Mi, request is 0, has larger consumption of ephemeral-storage. ");
  EXPECT_EQ(eviction_message({.signal = "pid.available", .quantity = 10, .available = 1}, use("p", 64)),
            "The node was low on resource: pids. Threshold quantity: 10, available: 1. ");
}

TEST(Eviction, UnderPressurePodsAreRefusedButThoseThatDoNoHarm) {
  auto pod = NodeFixture::make_pod("p");
  EXPECT_FALSE(refuse_under_pressure(pod, {}));
  EXPECT_EQ(refuse_under_pressure(pod, {.memory = true})->message, "The node had condition: [MemoryPressure]. ");
  EXPECT_EQ(refuse_under_pressure(pod, {.memory = true, .disk = true})->message, "The node had condition: [DiskPressure MemoryPressure]. ");
  EXPECT_EQ(refuse_under_pressure(pod, {.pids = true})->reason, "Evicted");
  auto tolerant = pod;
  auto& toleration = *tolerant.mutable_spec()->add_tolerations();
  toleration.set_key("node.kubernetes.io/memory-pressure");
  toleration.set_operator_("Exists");
  EXPECT_FALSE(refuse_under_pressure(tolerant, {.memory = true}));
  EXPECT_TRUE(refuse_under_pressure(tolerant, {.disk = true}));
  pod.mutable_status()->set_qosclass("Burstable");
  EXPECT_FALSE(refuse_under_pressure(pod, {.memory = true}));
  EXPECT_TRUE(refuse_under_pressure(pod, {.disk = true}));
  pod.mutable_spec()->set_priority(2'000'000'000);
  EXPECT_FALSE(refuse_under_pressure(pod, {.disk = true}));
}

TEST(Eviction, ThisMachineIsKnownByEverySignal) {
  const Observations seen = observe_machine("/", "/");
  for (const auto& [signal, threshold] : default_eviction_thresholds()) {
    if (signal.ends_with("inodesFree")) continue;  // not of every file system
    ASSERT_TRUE(seen.contains(signal)) << signal;
    EXPECT_GT(seen.at(signal).available, 0) << signal;
    EXPECT_LE(seen.at(signal).available, seen.at(signal).capacity) << signal;
  }
  EXPECT_GT(seen.at("pid.available").available, 0);
}

class NodeEviction : public testing::Test, public NodeFixture {
 protected:
  NodeEviction() {
    runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true}; });
  }
  void start(const std::string& name, int priority = 0) {
    auto pod = make_pod(name);
    pod.mutable_spec()->set_priority(priority);
    client.put(pod);
    loop.run_for(1s);
  }
  std::string condition(const std::string& type) const {
    const auto node = client.find<corev1::Node>("", "n1");
    for (const auto& each : node->status().conditions())
      if (each.type() == type) return each.status() + " " + each.reason();
    return "";
  }
  void lack(const std::string& signal) {
    left_over = [signal] { return Observations{{signal, {1, 1000 * kMi}}}; };
  }
};

TEST_F(NodeEviction, EndsOnePodAfterTheOtherWhileThereIsTooLittle) {
  start("low");
  start("high", 10);
  lack("memory.available");
  loop.run_for(11s);
  EXPECT_EQ(phase("low"), "Failed");
  EXPECT_EQ(phase("high"), "Failed");
  EXPECT_EQ(condition("MemoryPressure"), "True KubeletHasInsufficientMemory");
  const auto& status = pod("low")->status();
  EXPECT_EQ(status.reason(), "Evicted");
  EXPECT_EQ(status.message(),
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 1. "
            "Container main was using 1Mi, request is 0, has larger consumption of memory. ");
  const auto* disrupted = find_condition(status, "DisruptionTarget");
  ASSERT_NE(disrupted, nullptr);
  EXPECT_EQ(disrupted->reason(), "TerminationByKubelet");
  EXPECT_EQ(disrupted->message(), status.message());
  EXPECT_THAT(reasons("low"), Contains("Evicted"));
  EXPECT_THAT(reasons("n1"), Contains("EvictionThresholdMet"));
}

TEST_F(NodeEviction, StopsWhenEnoughIsThereAgainAndTakesPodsInAfterFiveMinutes) {
  start("low");
  start("high", 10);
  // What the first pod held is enough.
  left_over = [this] { return Observations{{"memory.available", {runtime->sandboxes().size() > 1 ? 1 : 500 * kMi, 1000 * kMi}}}; };
  loop.run_for(30s);
  EXPECT_EQ(phase("low"), "Failed");
  EXPECT_EQ(phase("high"), "Running");
  start("new");
  EXPECT_EQ(pod("new")->status().message(), "Pod was rejected: The node had condition: [MemoryPressure]. ");
  loop.run_for(300s);
  EXPECT_EQ(condition("MemoryPressure"), "False KubeletHasSufficientMemory");
  start("newer");
  EXPECT_EQ(phase("newer"), "Running");
}

TEST_F(NodeEviction, SparesCriticalPods) {
  start("critical", 2'000'000'000);
  lack("memory.available");
  loop.run_for(60s);
  EXPECT_EQ(phase("critical"), "Running");
  EXPECT_THAT(reasons("critical"), Not(Contains("Evicted")));
}

TEST_F(NodeEviction, OfDiskTakesTheOneWithTheMostFilesFirst) {
  start("small");
  start("big");
  const std::string log = dir + "/logs/default_big_" + pod("big")->metadata().uid() + "/main/0.log";
  std::ofstream(log, std::ios::app) << std::string(1 << 20, 'x');
  left_over = [this] { return Observations{{"nodefs.available", {runtime->sandboxes().size() > 1 ? 1 : 50, 100}}}; };
  loop.run_for(30s);
  EXPECT_EQ(phase("big"), "Failed");
  EXPECT_EQ(phase("small"), "Running");
  EXPECT_EQ(condition("DiskPressure"), "True KubeletHasDiskPressure");
}

}  // namespace
}  // namespace stint
