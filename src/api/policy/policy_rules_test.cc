// PodDisruptionBudget and PriorityClass.
#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;

constexpr const char* kInvalid = "FieldValueInvalid";

TEST(PodDisruptionBudgetRules, OneAmountOfTheTwoAndASoundOne) {
  const auto both = create_yaml<policyv1::PodDisruptionBudget>("{metadata: {name: a}, spec: {minAvailable: 1, maxUnavailable: '50%'}}");
  EXPECT_TRUE(both.refused("spec", kInvalid,
                           R"({"MinAvailable":1,"Selector":null,"MaxUnavailable":"50%","UnhealthyPodEvictionPolicy":null}: )"
                           "minAvailable and maxUnavailable cannot be both set"))
      << both;
  const auto odd =
      create_yaml<policyv1::PodDisruptionBudget>("{metadata: {name: a}, spec: {minAvailable: '101%', unhealthyPodEvictionPolicy: X}}");
  EXPECT_TRUE(odd.refused("spec.minAvailable", kInvalid, "must not be greater than 100%")) << odd;
  EXPECT_TRUE(odd.refused("spec.unhealthyPodEvictionPolicy", "FieldValueNotSupported", R"("AlwaysAllow", "IfHealthyBudget")"));
  EXPECT_TRUE(create_yaml<policyv1::PodDisruptionBudget>("{metadata: {name: a}, spec: {minAvailable: x}}")
                  .refused("spec.minAvailable", kInvalid, "percent"));
  EXPECT_TRUE(create_yaml<policyv1::PodDisruptionBudget>("{metadata: {name: a}, spec: {maxUnavailable: -1}}")
                  .refused("spec.maxUnavailable", kInvalid));
}

TEST(PodDisruptionBudgetRules, StatusHoldsSoundConditionsAndNumbers) {
  const auto made = create_yaml<policyv1::PodDisruptionBudget>("{metadata: {name: a}, spec: {minAvailable: 1}}");
  ASSERT_TRUE(made.accepted()) << made;
  const auto next = update_status_with(made.object, [](auto& budget) {
    budget.mutable_status()->set_currenthealthy(-1);
    budget.mutable_status()->add_conditions()->set_reason("1x");
  });
  EXPECT_TRUE(next.refused("status.currentHealthy", kInvalid)) << next;
  EXPECT_TRUE(next.refused("status.conditions[0].type", "FieldValueRequired"));
  EXPECT_TRUE(next.refused("status.conditions[0].reason", kInvalid));
  EXPECT_EQ(cells(made.object, at(1'800'000'005)), (std::vector<std::string>{"a", "1", "N/A", "0", "5s"}));
}

TEST(PriorityClassRules, TheSystemsNamesAndValuesAreItsOwn) {
  EXPECT_TRUE(create_yaml<schedulingv1::PriorityClass>("{metadata: {name: system-node-critical}, value: 2000001000}").accepted());
  const auto wrong = create_yaml<schedulingv1::PriorityClass>("{metadata: {name: system-x}, value: 1}");
  EXPECT_TRUE(wrong.refused("metadata.name", "FieldValueForbidden", "error: system-x is not a known system priority class")) << wrong;
  const auto high = create_yaml<schedulingv1::PriorityClass>("{metadata: {name: x}, value: 1000000001, preemptionPolicy: Odd}");
  EXPECT_TRUE(high.refused("value", "FieldValueForbidden", "maximum allowed value of a user defined priority is 1000000000")) << high;
  EXPECT_TRUE(high.refused("preemptionPolicy", "FieldValueNotSupported"));
}

TEST(PriorityClassRules, ValueAndPreemptionStay) {
  const auto made = create_yaml<schedulingv1::PriorityClass>("{metadata: {name: x}, value: 7, globalDefault: true}");
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_EQ(cells(made.object, at(1'800'000'005)), (std::vector<std::string>{"x", "7", "1", "5s", "PreemptLowerPriority"}));
  const auto next = update_with(made.object, [](auto& one) {
    one.set_value(8);
    one.set_preemptionpolicy("Never");
    one.set_description("d");
  });
  EXPECT_TRUE(next.refused("value", "FieldValueForbidden", "may not be changed in an update.")) << next;
  EXPECT_TRUE(next.refused("preemptionPolicy", kInvalid, "\"Never\": field is immutable"));
  EXPECT_EQ(next.errors.causes().size(), 2u);
}

}  // namespace
}  // namespace stint
