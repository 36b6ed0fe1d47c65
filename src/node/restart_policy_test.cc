#include "node/restart_policy.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

using namespace std::chrono_literals;

TEST(BackOff, WaitsNothingThenTenSecondsDoublingToFiveMinutes) {
  BackOff back_off;
  Duration now{1000h};
  EXPECT_EQ(back_off.due(now), std::nullopt);
  for (Duration wait : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    back_off.advance(now, now);
    EXPECT_EQ(back_off.due(now), now + wait);
    now += wait;
  }
}

TEST(BackOff, IsForgottenAfterTenQuietMinutes) {
  BackOff back_off;
  const Duration now{1000h};
  back_off.advance(now, now);
  back_off.advance(now, now);
  EXPECT_NE(back_off.due(now + 600s), std::nullopt);
  EXPECT_EQ(back_off.due(now + 601s), std::nullopt);
}

corev1::Container with_rule(const std::string& policy, const std::string& op, int code) {
  corev1::Container container;
  container.set_restartpolicy(policy);
  auto& rule = *container.add_restartpolicyrules();
  rule.set_action("Restart");
  rule.mutable_exitcodes()->set_operator_(op);
  rule.mutable_exitcodes()->add_values(code);
  return container;
}

TEST(RestartPolicy, PodPolicyDecidesWithoutContainerPolicy) {
  corev1::PodSpec spec;
  corev1::Container container;
  spec.set_restartpolicy("OnFailure");
  EXPECT_TRUE(should_restart(container, spec, 1));
  EXPECT_FALSE(should_restart(container, spec, 0));
  spec.set_restartpolicy("Always");
  EXPECT_TRUE(should_restart(container, spec, 0));
  container.set_restartpolicy("Never");
  EXPECT_FALSE(should_restart(container, spec, 1));
}

TEST(RestartPolicy, AMatchingRuleRestartsEvenUnderNever) {
  corev1::PodSpec spec;
  EXPECT_TRUE(should_restart(with_rule("Never", "In", 42), spec, 42));
  EXPECT_FALSE(should_restart(with_rule("Never", "In", 42), spec, 1));
  EXPECT_TRUE(should_restart(with_rule("Never", "NotIn", 42), spec, 1));
}

}  // namespace
}  // namespace stint
