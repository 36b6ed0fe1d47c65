#include "server/testing.h"

namespace stint {
namespace {

class Eviction : public ServerTest {
 protected:
  void run_pod(std::string name, bool ready) {
    corev1::Pod made = pod(name);
    (*made.mutable_metadata()->mutable_labels())["app"] = "x";
    made.mutable_spec()->set_nodename("n");
    corev1::Pod running = object_of<corev1::Pod>(create(made));
    running.mutable_status()->set_phase("Running");
    corev1::PodCondition& condition = *running.mutable_status()->add_conditions();
    condition.set_type("Ready");
    condition.set_status(ready ? "True" : "False");
    ASSERT_TRUE(update(running, "status"));
  }
  void make_budget(std::string name, int healthy, int desired, int allowed) {
    policyv1::PodDisruptionBudget budget;
    budget.mutable_metadata()->set_name(name);
    budget.mutable_spec()->mutable_minavailable()->set_intval(desired);
    (*budget.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "x";
    policyv1::PodDisruptionBudget made = object_of<policyv1::PodDisruptionBudget>(create(budget));
    made.mutable_status()->set_observedgeneration(1);
    made.mutable_status()->set_currenthealthy(healthy);
    made.mutable_status()->set_desiredhealthy(desired);
    made.mutable_status()->set_disruptionsallowed(allowed);
    ASSERT_TRUE(update(made, "status"));
  }
  Result<Answer> evict(std::string name, metav1::DeleteOptions options = {}) {
    Request request = ServerTest::request<corev1::Pod>(Verb::kCreate, name);
    request.subresource = "eviction";
    auto eviction = std::make_unique<policyv1::Eviction>();
    eviction->mutable_metadata()->set_name(name);
    *eviction->mutable_deleteoptions() = options;
    request.body.message = std::move(eviction);
    return handle(std::move(request));
  }
  bool is_going(std::string name) {
    const auto found = get<corev1::Pod>(name);
    return !found || is_deleting(*found->object);
  }
};

TEST_F(Eviction, WithoutABudgetAPodGoesAndSaysWhy) {
  run_pod("a", true);
  const auto answer = evict("a");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->code, 201);
  EXPECT_TRUE(answer->is_status);
  const auto pod = get<corev1::Pod>("a");
  EXPECT_TRUE(is_going("a"));
  const corev1::PodStatus& status = object_of<corev1::Pod>(pod).status();
  EXPECT_EQ(status.conditions(1).type(), "DisruptionTarget");
  EXPECT_EQ(status.conditions(1).reason(), "EvictionByEvictionAPI");
}

TEST_F(Eviction, ABudgetIsUsedUp) {
  run_pod("a", true);
  run_pod("b", true);
  make_budget("q", 2, 1, 1);
  ASSERT_TRUE(evict("a"));
  const auto status = object_of<policyv1::PodDisruptionBudget>(get<policyv1::PodDisruptionBudget>("q")).status();
  EXPECT_EQ(status.disruptionsallowed(), 0);
  EXPECT_TRUE(status.disruptedpods().contains("a"));
  EXPECT_EQ(status.conditions(0).reason(), "InsufficientPods");
}

TEST_F(Eviction, AnExhaustedBudgetForbidsIt) {
  run_pod("a", true);
  make_budget("q", 1, 1, 0);
  const auto answer = evict("a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().http_status(), 429);
  EXPECT_EQ(answer.error().message, "Cannot evict pod as it would violate the pod's disruption budget.");
  ASSERT_EQ(answer.error().causes.size(), 1u);
  EXPECT_EQ(answer.error().causes[0].reason, "DisruptionBudget");
  EXPECT_EQ(answer.error().causes[0].message, "The disruption budget q needs 1 healthy pods and has 1 currently");
  EXPECT_FALSE(is_going("a"));
}

TEST_F(Eviction, ABudgetThatWasJustChangedIsWaitedFor) {
  run_pod("a", true);
  make_budget("q", 1, 1, 0);
  auto budget = object_of<policyv1::PodDisruptionBudget>(get<policyv1::PodDisruptionBudget>("q"));
  budget.mutable_spec()->mutable_minavailable()->set_intval(0);
  ASSERT_TRUE(update(budget));
  const auto answer = evict("a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry_after_seconds, 10);
  EXPECT_EQ(answer.error().causes[0].message, "The disruption budget q is still being processed by the server.");
}

TEST_F(Eviction, APodThatIsNotReadyIsNoLossWhileEnoughOthersAre) {
  run_pod("a", false);
  make_budget("q", 1, 1, 0);
  EXPECT_TRUE(evict("a"));
  EXPECT_TRUE(is_going("a"));
}

TEST_F(Eviction, APodThatDoesNotRunYetIsUnguarded) {
  corev1::Pod waiting = pod("a");
  (*waiting.mutable_metadata()->mutable_labels())["app"] = "x";
  ASSERT_TRUE(create(waiting));
  make_budget("q", 0, 1, 0);
  EXPECT_TRUE(evict("a"));
  EXPECT_TRUE(is_going("a"));
}

TEST_F(Eviction, TwoBudgetsForOnePodAreNotUnderstood) {
  run_pod("a", true);
  make_budget("q", 2, 1, 1);
  make_budget("r", 2, 1, 1);
  const auto answer = evict("a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().http_status(), 500);
}

TEST_F(Eviction, PreconditionsHold) {
  run_pod("a", true);
  metav1::DeleteOptions options;
  options.mutable_preconditions()->set_uid("other");
  const auto answer = evict("a", options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kConflict);
  EXPECT_EQ(evict("nobody").error().reason, Reason::kNotFound);
}

}  // namespace
}  // namespace stint
