// A node that dies, from its last sign of life to the removal of its pods: by the controllers that upstream has for each part of the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/object.h"
#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "control/controllers.h"
#include "control/node_lifecycle/controller.h"
#include "control/podgc/controller.h"
#include "control/taint_eviction/controller.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;

constexpr ControllerRow kRows[] = {{"node-lifecycle", make_controller<node_lifecycle::NodeLifecycleController>},
                                   {"taint-eviction", make_controller<taint_eviction::TaintEvictionController>},
                                   {"podgc", make_controller<podgc::PodGcController>}};

class NodeLoss : public testing::Test {
 protected:
  NodeLoss() {
    for (const char* name : {"dies", "lives"}) {
      corev1::Node node;
      node.mutable_metadata()->set_name(name);
      auto& condition = *node.mutable_status()->add_conditions();
      condition.set_type("Ready");
      condition.set_status("True");
      client_.put(node);
      renew(name);
    }
    put_pod("patient", 300);
    put_pod("stays", std::nullopt);
    controllers_.start();
    loop_.run_for(1ms);
  }

  void renew(const std::string& name) {
    coordinationv1::Lease lease;
    lease.mutable_metadata()->set_namespace_("kube-node-lease");
    lease.mutable_metadata()->set_name(name);
    *lease.mutable_spec()->mutable_renewtime() = to_micro_time(loop_.now());
    client_.put(lease);
  }

  // Tolerates that its node is gone: for so many seconds, or for ever.
  void put_pod(const std::string& name, std::optional<int64_t> seconds) {
    corev1::Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name(name);
    pod.mutable_spec()->set_nodename("dies");
    pod.mutable_spec()->set_terminationgraceperiodseconds(30);
    auto& toleration = *pod.mutable_spec()->add_tolerations();
    toleration.set_key("node.kubernetes.io/unreachable");
    toleration.set_operator_("Exists");
    toleration.set_effect("NoExecute");
    if (seconds) toleration.set_tolerationseconds(*seconds);
    pod.mutable_status()->set_phase("Running");
    auto& ready = *pod.mutable_status()->add_conditions();
    ready.set_type("Ready");
    ready.set_status("True");
    client_.put(pod);
  }

  // The other node goes on showing signs of life.
  void run_for(Duration time) {
    for (Duration left = time; left > Duration{0}; left -= 5s) {
      if (lives_) renew("lives");
      loop_.run_for(std::min<Duration>(left, 5s));
    }
  }

  std::shared_ptr<const corev1::Pod> pod(const std::string& name) { return client_.find<corev1::Pod>("default", name); }
  std::string condition(const std::string& name, const std::string& type) {
    for (const auto& each : pod(name)->status().conditions())
      if (each.type() == type) return each.status() + "/" + each.reason();
    return "none";
  }
  std::string node_ready() { return node_lifecycle::readiness(*client_.find<corev1::Node>("", "dies")); }
  std::vector<std::string> taints() {
    std::vector<std::string> texts;
    for (const auto& taint : client_.find<corev1::Node>("", "dies")->spec().taints()) texts.push_back(taint.key() + ":" + taint.effect());
    return texts;
  }
  std::vector<std::string> reasons(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& event : client_.all<corev1::Event>())
      if (event->involvedobject().name() == name) found.push_back(event->reason());
    return found;
  }

  SimLoop loop_{WallTime{1'800'000'000s}};
  FakeClient client_{loop_};
  ControllerSet controllers_{loop_, client_, {}, kRows};
  bool lives_ = true;
};

TEST_F(NodeLoss, ItsPodsAreMarkedThenDeletedAndGoWithTheNode) {
  run_for(45s);
  EXPECT_EQ(node_ready(), "True");
  run_for(15s);
  EXPECT_EQ(node_ready(), "Unknown");
  EXPECT_EQ(condition("patient", "Ready"), "False/");
  EXPECT_THAT(reasons("patient"), Contains("NodeNotReady"));
  EXPECT_THAT(taints(), Contains("node.kubernetes.io/unreachable:NoSchedule"));
  EXPECT_THAT(taints(), Contains("node.kubernetes.io/unreachable:NoExecute"));
  run_for(280s);
  EXPECT_FALSE(is_deleting(*pod("patient")));
  run_for(20s);
  EXPECT_TRUE(is_deleting(*pod("patient")));
  EXPECT_EQ(condition("patient", "DisruptionTarget"), "True/DeletionByTaintManager");
  EXPECT_THAT(reasons("patient"), Contains("TaintManagerEviction"));
  EXPECT_EQ(pod("patient")->status().phase(), "Running");
  EXPECT_FALSE(is_deleting(*pod("stays")));
  run_for(600s);
  EXPECT_NE(pod("patient"), nullptr);  // as long as the node might come back
  client_.erase(kind_of<corev1::Node>(), "", "dies");
  client_.erase(kind_of<coordinationv1::Lease>(), "kube-node-lease", "dies");
  run_for(40s);
  EXPECT_NE(pod("patient"), nullptr);
  run_for(40s);
  EXPECT_EQ(pod("patient"), nullptr);
  EXPECT_EQ(pod("stays"), nullptr);
}

TEST_F(NodeLoss, ANodeThatComesBackKeepsItsPods) {
  run_for(200s);
  EXPECT_EQ(node_ready(), "Unknown");
  corev1::Node back = *client_.find<corev1::Node>("", "dies");
  for (auto& each : *back.mutable_status()->mutable_conditions())
    if (each.type() == "Ready") each.set_status("True");
  client_.put(back);
  loop_.run_for(1s);
  EXPECT_TRUE(taints().empty());
  for (int i = 0; i < 60; ++i) {
    renew("dies");
    run_for(10s);
  }
  EXPECT_FALSE(is_deleting(*pod("patient")));
  EXPECT_THAT(reasons("patient"), Contains("TaintManagerEviction"));  // that it was cancelled
}

TEST_F(NodeLoss, WhereEveryNodeIsGoneNobodyIsDrivenOff) {
  lives_ = false;
  run_for(600s);
  EXPECT_EQ(node_ready(), "Unknown");
  EXPECT_THAT(taints(), testing::ElementsAre("node.kubernetes.io/unreachable:NoSchedule"));
  EXPECT_FALSE(is_deleting(*pod("patient")));
}

TEST_F(NodeLoss, ATaintEndsThePodsThatDoNotTolerateItAtOnce) {
  corev1::Node node = *client_.find<corev1::Node>("", "dies");
  auto& taint = *node.mutable_spec()->add_taints();
  taint.set_key("k");
  taint.set_value("v");
  taint.set_effect("NoSchedule");
  client_.put(node);
  loop_.run_for(1s);
  EXPECT_FALSE(is_deleting(*pod("stays")));
  taint.set_effect("NoExecute");
  corev1::Pod tolerant = *pod("stays");
  tolerant.mutable_spec()->mutable_tolerations(0)->set_key("k");
  client_.put(tolerant);
  client_.put(node);
  loop_.run_for(1s);
  EXPECT_TRUE(is_deleting(*pod("patient")));
  EXPECT_FALSE(is_deleting(*pod("stays")));
}

}  // namespace
}  // namespace stint
