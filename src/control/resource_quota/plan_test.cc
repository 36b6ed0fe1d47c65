#include "control/resource_quota/plan.h"

#include <gtest/gtest.h>

#include "api/json.h"

namespace stint::resource_quota {
namespace {

template <class T>
T read(std::string_view yaml) {
  T object;
  EXPECT_TRUE(json::decode(json::parse_yaml(yaml).value(), object, nullptr));
  return object;
}
Object pod(std::string_view yaml) { return std::make_shared<corev1::Pod>(read<corev1::Pod>(yaml)); }

std::string used(std::string_view quota, std::vector<Content> contents) {
  return json::encode(status_of(read<corev1::ResourceQuota>(quota), contents, WallTime()));
}

constexpr const char* kSmall = "{spec: {containers: [{name: c, resources: {requests: {cpu: 100m, memory: 1Mi}, limits: {cpu: 200m}}}]}}";
constexpr const char* kEnded = "{spec: {containers: [{name: c, resources: {requests: {cpu: 1}}}]}, status: {phase: Succeeded}}";
constexpr const char* kLimited = "{spec: {activeDeadlineSeconds: 5, priorityClassName: high, containers: [{name: c}]}}";

TEST(ResourceQuotaPlan, CountsPodsThatHaveNotEndedAndWhatTheyAskFor) {
  const Kind& pods = kind_of<corev1::Pod>();
  EXPECT_EQ(used("{spec: {hard: {pods: 9, cpu: 1, limits.cpu: 1, count/pods: 9}}}", {{&pods, {pod(kSmall), pod(kSmall), pod(kEnded)}}}),
            R"({"hard":{"count/pods":"9","cpu":"1","limits.cpu":"1","pods":"9"},)"
            R"("used":{"count/pods":"3","cpu":"200m","limits.cpu":"400m","pods":"2"}})");
}

TEST(ResourceQuotaPlan, ScopesChooseThePods) {
  const Kind& pods = kind_of<corev1::Pod>();
  const auto count = [&](const std::string& scope) {
    return used("{spec: {hard: {pods: 9}, " + scope + "}}", {{&pods, {pod(kSmall), pod(kLimited)}}});
  };
  const auto is = [](int number) { return R"({"hard":{"pods":"9"},"used":{"pods":")" + std::to_string(number) + "\"}}"; };
  EXPECT_EQ(count("scopes: [Terminating]"), is(1));
  EXPECT_EQ(count("scopes: [NotTerminating]"), is(1));
  EXPECT_EQ(count("scopes: [BestEffort]"), is(1));
  EXPECT_EQ(count("scopes: [BestEffort, NotTerminating]"), is(0));
  EXPECT_EQ(count("scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]}"), is(1));
  EXPECT_EQ(count("scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: NotIn, values: [high]}]}"), is(1));
}

TEST(ResourceQuotaPlan, CountsOfAnyKindAndOfStorage) {
  const Kind& jobs = kind_of<batchv1::Job>();
  const Kind& claims = kind_of<corev1::PersistentVolumeClaim>();
  const Object claim = std::make_shared<corev1::PersistentVolumeClaim>(
      read<corev1::PersistentVolumeClaim>("{spec: {storageClassName: gold, resources: {requests: {storage: 1Gi}}}}"));
  EXPECT_EQ(used("{spec: {hard: {count/jobs.batch: 5, requests.storage: 9Gi, gold.storageclass.storage.k8s.io/requests.storage: 9Gi}}}",
                 {{&jobs, {std::make_shared<batchv1::Job>()}}, {&claims, {claim, claim}}}),
            R"({"hard":{"count/jobs.batch":"5","gold.storageclass.storage.k8s.io/requests.storage":"9Gi","requests.storage":"9Gi"},)"
            R"("used":{"count/jobs.batch":"1","gold.storageclass.storage.k8s.io/requests.storage":"2Gi","requests.storage":"2Gi"}})");
}

TEST(ResourceQuotaPlan, WhatNobodyCountsIsLeftAlone) {
  EXPECT_EQ(used("{spec: {hard: {count/x.example.org: 5}}, status: {used: {count/x.example.org: 3, pods: 1}}}", {}),
            R"({"hard":{"count/x.example.org":"5"},"used":{"count/x.example.org":"3"}})");
}

TEST(ResourceQuotaPlan, APodThatEndsChangesWhatIsUsed) {
  const Kind& pods = kind_of<corev1::Pod>();
  auto ended = std::make_shared<corev1::Pod>(read<corev1::Pod>(kSmall));
  ended->mutable_status()->set_phase("Failed");
  EXPECT_TRUE(changes_use(pods, *pod(kSmall), *ended, WallTime()));
  EXPECT_FALSE(changes_use(pods, *pod(kSmall), *pod(kSmall), WallTime()));
}

}  // namespace
}  // namespace stint::resource_quota
