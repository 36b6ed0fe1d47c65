// PodTemplate, LimitRange and ResourceQuota.
#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;

constexpr const char* kInvalid = "FieldValueInvalid";

TEST(PodTemplateRules, ATemplateIsDefaultedAndCheckedAsOfAPod) {
  const auto made = create_yaml<corev1::PodTemplate>(R"(
metadata: {name: a}
template: {spec: {containers: [{name: c, image: busybox}]}})");
  EXPECT_TRUE(made.accepted()) << made;
  EXPECT_EQ(made.object.template_().spec().restartpolicy(), "Always");
  const auto bad = create_yaml<corev1::PodTemplate>("{metadata: {name: a}, template: {spec: {}}}");
  EXPECT_TRUE(bad.refused("template.spec.containers", "FieldValueRequired")) << bad;
  EXPECT_EQ(cells(made.object, at(0)), (std::vector<std::string>{"a", "c", "busybox", "<none>"}));
}

TEST(LimitRangeRules, AContainerWithoutALimitGetsTheLargestAndWithoutARequestItsLimit) {
  const auto made = create_yaml<corev1::LimitRange>(R"(
metadata: {name: a}
spec: {limits: [{type: Container, max: {cpu: "1"}, min: {memory: 64Mi}}]})");
  ASSERT_TRUE(made.accepted()) << made;
  const corev1::LimitRangeItem& item = made.object.spec().limits(0);
  EXPECT_EQ(item.default_().at("cpu").string(), "1");
  EXPECT_EQ(item.defaultrequest().at("cpu").string(), "1");
  EXPECT_EQ(item.defaultrequest().at("memory").string(), "64Mi");
  EXPECT_FALSE(item.default_().contains("memory"));
}

TEST(LimitRangeRules, BoundsThatContradictEachOtherAreRefused) {
  const auto made = create_yaml<corev1::LimitRange>(R"(
metadata: {name: a}
spec:
  limits:
  - {type: Container, max: {cpu: "1"}, min: {cpu: "2"}, default: {cpu: "3"}, defaultRequest: {cpu: "4"}, maxLimitRequestRatio: {cpu: 500m}}
  - {type: Container}
  - {type: Pod, default: {cpu: "1"}}
  - {type: PersistentVolumeClaim}
  - {type: Other})");
  EXPECT_TRUE(made.refused("spec.limits[0].min[cpu]", kInvalid, "\"2\": min value 2 is greater than max value 1")) << made;
  EXPECT_TRUE(made.refused("spec.limits[0].default[cpu]", kInvalid, "\"1\": default value 3 is greater than max value 1"));
  EXPECT_TRUE(
      made.refused("spec.limits[0].defaultRequest[cpu]", kInvalid, "default request value 4 is greater than default limit value 3"));
  EXPECT_TRUE(made.refused("spec.limits[0].maxLimitRequestRatio[cpu]", kInvalid, "ratio 500m is less than 1"));
  EXPECT_TRUE(made.refused("spec.limits[1].type", "FieldValueDuplicate"));
  EXPECT_TRUE(made.refused("spec.limits[2].default", "FieldValueForbidden", "may not be specified when `type` is 'Pod'"));
  EXPECT_TRUE(made.refused("spec.limits[3].limits", "FieldValueRequired"));
  EXPECT_TRUE(made.refused("spec.limits[4].type", kInvalid, "must be a standard limit type or fully qualified"));
}

TEST(LimitRangeRules, ARatioAboveWhatTheBoundsAllowIsRefused) {
  const auto made = create_yaml<corev1::LimitRange>(R"(
metadata: {name: a}
spec: {limits: [{type: Pod, max: {cpu: "4"}, min: {cpu: "1"}, maxLimitRequestRatio: {cpu: "8"}}]})");
  EXPECT_TRUE(made.refused("spec.limits[0].maxLimitRequestRatio[cpu]", kInvalid, "ratio 8 is greater than max/min = 4.000000")) << made;
}

TEST(ResourceQuotaRules, NamesAndAmountsAreChecked) {
  const auto made = create_yaml<corev1::ResourceQuota>(R"(
metadata: {name: a}
spec: {hard: {cpu: "-1", pods: 500m, foo: "1", count/jobs.batch: "3", "requests.example.com/gpu": "1"}})");
  EXPECT_TRUE(made.refused("spec.hard[cpu]", kInvalid, "must be greater than or equal to 0")) << made;
  EXPECT_TRUE(made.refused("spec.hard[pods]", kInvalid, "must be an integer"));
  EXPECT_TRUE(made.refused("spec.hard[foo]", kInvalid, "must be a standard resource for quota"));
  EXPECT_EQ(made.errors.causes().size(), 4u) << made;
}

TEST(ResourceQuotaRules, ScopesMustFitEachOtherAndTheirResources) {
  const auto made = create_yaml<corev1::ResourceQuota>(R"(
metadata: {name: a}
spec: {hard: {cpu: "1"}, scopes: [BestEffort, NotBestEffort, Odd]})");
  EXPECT_TRUE(made.refused("spec.scopes", kInvalid, R"(["BestEffort","NotBestEffort","Odd"]: unsupported scope applied to resource)"))
      << made;
  EXPECT_TRUE(made.refused("spec.scopes", kInvalid, "conflicting scopes"));
  EXPECT_TRUE(made.refused("spec.scopes", kInvalid, "unsupported scope"));
}

TEST(ResourceQuotaRules, ScopeSelectorsAreChecked) {
  const auto made = create_yaml<corev1::ResourceQuota>(R"(
metadata: {name: a}
spec:
  hard: {pods: "1"}
  scopeSelector:
    matchExpressions:
    - {scopeName: PriorityClass, operator: In}
    - {scopeName: Terminating, operator: DoesNotExist}
    - {scopeName: PriorityClass, operator: Exists, values: [a]})");
  const char* path = "spec.scopeSelector.matchExpressions";
  EXPECT_TRUE(made.refused(std::string(path) + ".values", "FieldValueRequired")) << made;
  EXPECT_TRUE(made.refused(std::string(path) + ".operator", kInvalid, "must be 'Exists' when scope is any of"));
  EXPECT_TRUE(made.refused(std::string(path) + ".values", kInvalid, "[\"a\"]: must be no value"));
}

TEST(ResourceQuotaRules, ScopesStayAndTheTableShowsUse) {
  corev1::ResourceQuota quota =
      create_yaml<corev1::ResourceQuota>("{metadata: {name: a}, spec: {hard: {pods: '1'}, scopes: [BestEffort]}}").object;
  EXPECT_TRUE(update_with(quota, [](auto& next) {
                next.mutable_spec()->clear_scopes();
              }).refused("spec.scopes", kInvalid, "null: field is immutable"));
  auto& status = *quota.mutable_status();
  (*status.mutable_hard())["pods"].set_string("4");
  (*status.mutable_hard())["cpu"].set_string("2");
  (*status.mutable_hard())["limits.cpu"].set_string("8");
  (*status.mutable_used())["cpu"].set_string("1");
  quota.mutable_metadata()->mutable_creationtimestamp()->set_seconds(100);
  EXPECT_EQ(cells(quota, at(130)), (std::vector<std::string>{"a", "cpu: 1/2, pods: 0/4", "limits.cpu: 0/8", "30s"}));
}

}  // namespace
}  // namespace stint
