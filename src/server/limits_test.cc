// What bounds writes beyond the rules of their kind: LimitRanges, ResourceQuotas, PriorityClasses; and what protects storage in use.
#include "server/testing.h"

namespace stint {
namespace {

class Limits : public ServerTest {
 protected:
  template <class T>
  static T read(std::string_view yaml) {
    T object;
    EXPECT_TRUE(json::decode(json::parse_yaml(yaml).value(), object, nullptr));
    return object;
  }
  template <class T>
  Result<Answer> create_yaml(std::string_view yaml) {
    return create(read<T>(yaml));
  }
  static std::string refusal(const Result<Answer>& answer) { return answer ? "admitted" : answer.error().message; }

  // As the controller would set it up.
  void make_quota(std::string_view yaml) {
    const Result<Answer> made = create_yaml<corev1::ResourceQuota>(yaml);
    auto quota = object_of<corev1::ResourceQuota>(made);
    *quota.mutable_status()->mutable_hard() = quota.spec().hard();
    for (const auto& [name, amount] : quota.spec().hard()) (*quota.mutable_status()->mutable_used())[name].set_string("0");
    ASSERT_TRUE(update(quota, "status"));
  }
  std::string used(const std::string& quota, const std::string& name) {
    return object_of<corev1::ResourceQuota>(get<corev1::ResourceQuota>(quota)).status().used().at(name).string();
  }
};

constexpr std::string_view kAsking =
    "{metadata: {name: NAME}, spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 300m, memory: 1Mi}, limits: {cpu: "
    "1}}}]}}";

std::string asking(const std::string& name) {
  std::string text(kAsking);
  return text.replace(text.find("NAME"), 4, name);
}

TEST_F(Limits, ALimitRangeFillsInWhatAPodLeavesOut) {
  ASSERT_TRUE(create_yaml<corev1::LimitRange>(
      "{metadata: {name: l}, spec: {limits: [{type: Container, default: {cpu: 500m}, defaultRequest: {cpu: 100m, memory: 1Mi}}]}}"));
  const auto made = object_of<corev1::Pod>(create(pod("p")));
  const corev1::ResourceRequirements& resources = made.spec().containers(0).resources();
  EXPECT_EQ(resources.requests().at("cpu").string(), "100m");
  EXPECT_EQ(resources.limits().at("cpu").string(), "500m");
  EXPECT_EQ(made.metadata().annotations().at("kubernetes.io/limit-ranger"),
            "LimitRanger plugin set: cpu, memory request for container main; cpu limit for container main");
}

TEST_F(Limits, ALimitRangeRefusesWhatIsOutOfBounds) {
  ASSERT_TRUE(create_yaml<corev1::LimitRange>(
      "{metadata: {name: l}, spec: {limits: [{type: Pod, max: {cpu: 500m}}, {type: PersistentVolumeClaim, max: {storage: 1Gi}}]}}"));
  EXPECT_EQ(refusal(create_yaml<corev1::Pod>(asking("p"))), "pods \"p\" is forbidden: maximum cpu usage per Pod is 500m, but limit is 1");
  EXPECT_EQ(refusal(create(pod("q"))), "pods \"q\" is forbidden: maximum cpu usage per Pod is 500m.  No limit is specified");
  EXPECT_EQ(refusal(create_yaml<corev1::PersistentVolumeClaim>(
                "{metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}}")),
            "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi");
}

TEST_F(Limits, AQuotaIsChargedUntilItIsFull) {
  make_quota("{metadata: {name: q}, spec: {hard: {requests.cpu: 500m, pods: 5}}}");
  EXPECT_TRUE(create_yaml<corev1::Pod>(asking("a")));
  EXPECT_EQ(used("q", "requests.cpu"), "300m");
  EXPECT_EQ(used("q", "pods"), "1");
  const auto more = create_yaml<corev1::Pod>(asking("b"));
  EXPECT_EQ(
      refusal(more),
      "pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=300m, used: requests.cpu=300m, limited: requests.cpu=500m");
  EXPECT_EQ(more.error().reason, Reason::kForbidden);
  EXPECT_EQ(refusal(create(pod("c"))), "pods \"c\" is forbidden: failed quota: q: must specify requests.cpu for: main");
  EXPECT_FALSE(create_yaml<corev1::Pod>(asking("a")));  // the name is taken: what was charged is given back
  EXPECT_EQ(used("q", "pods"), "1");
}

TEST_F(Limits, AQuotaOfCountsHoldsForAnyKind) {
  make_quota("{metadata: {name: q}, spec: {hard: {count/jobs.batch: 1, configmaps: 1, services.nodeports: 1}}}");
  EXPECT_TRUE(create(job("a")));
  EXPECT_EQ(refusal(create(job("b"))),
            "jobs.batch \"b\" is forbidden: exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: "
            "count/jobs.batch=1");
  EXPECT_TRUE(create(config_map("a")));
  EXPECT_FALSE(create(config_map("b")));
  EXPECT_FALSE(
      create_yaml<corev1::Service>("{metadata: {name: s}, spec: {type: NodePort, ports: [{name: a, port: 1}, {name: b, port: 2}]}}"));
  EXPECT_TRUE(create_yaml<corev1::Service>("{metadata: {name: s}, spec: {ports: [{port: 1}]}}"));
}

TEST_F(Limits, AQuotaOutOfScopeIsNotCharged) {
  make_quota("{metadata: {name: q}, spec: {hard: {pods: 0}, scopes: [Terminating]}}");
  EXPECT_TRUE(create(pod("a")));
  corev1::Pod limited = pod("b");
  limited.mutable_spec()->set_activedeadlineseconds(5);
  EXPECT_FALSE(create(limited));
}

TEST_F(Limits, AQuotaWithoutUsageAdmitsNothing) {
  auto quota = object_of<corev1::ResourceQuota>(create_yaml<corev1::ResourceQuota>("{metadata: {name: q}, spec: {hard: {pods: 5}}}"));
  EXPECT_TRUE(create(pod("before")));  // nothing is kept yet
  *quota.mutable_status()->mutable_hard() = quota.spec().hard();
  ASSERT_TRUE(update(quota, "status"));
  EXPECT_EQ(refusal(create(pod("a"))), "pods \"a\" is forbidden: status unknown for quota: q, resources: pods");
}

TEST_F(Limits, ADryRunIsCheckedButNotCharged) {
  make_quota("{metadata: {name: q}, spec: {hard: {configmaps: 1}}}");
  Request dry = request<corev1::ConfigMap>(Verb::kCreate);
  dry.body.message = std::make_unique<corev1::ConfigMap>(config_map("a"));
  dry.dry_run = true;
  EXPECT_TRUE(handle(std::move(dry)));
  EXPECT_EQ(used("q", "configmaps"), "0");
}

TEST_F(Limits, APriorityIsThatOfItsClass) {
  ASSERT_TRUE(create_yaml<schedulingv1::PriorityClass>("{metadata: {name: high}, value: 7, preemptionPolicy: Never}"));
  corev1::Pod named = pod("a");
  named.mutable_spec()->set_priorityclassname("high");
  const auto made = object_of<corev1::Pod>(create(named));
  EXPECT_EQ(made.spec().priority(), 7);
  EXPECT_EQ(made.spec().preemptionpolicy(), "Never");
  named.mutable_metadata()->set_name("b");
  named.mutable_spec()->set_priorityclassname("none");
  EXPECT_EQ(refusal(create(named)), "pods \"b\" is forbidden: no PriorityClass with name none was found");
  named.mutable_spec()->set_priorityclassname("system-node-critical");
  EXPECT_EQ(object_of<corev1::Pod>(create(named)).spec().priority(), 2'000'001'000);
}

TEST_F(Limits, OneClassIsTheDefault) {
  ASSERT_TRUE(create_yaml<schedulingv1::PriorityClass>("{metadata: {name: usual}, value: 3, globalDefault: true}"));
  const auto made = object_of<corev1::Pod>(create(pod("a")));
  EXPECT_EQ(made.spec().priority(), 3);
  EXPECT_EQ(made.spec().priorityclassname(), "usual");
  EXPECT_EQ(
      refusal(create_yaml<schedulingv1::PriorityClass>("{metadata: {name: other}, value: 4, globalDefault: true}")),
      "priorityclasses.scheduling.k8s.io \"other\" is forbidden: PriorityClass usual is already marked as default. Only one default can "
      "exist");
}

TEST_F(Limits, StorageIsProtectedFromTheStart) {
  const auto claim = create_yaml<corev1::PersistentVolumeClaim>(
      "{metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}");
  EXPECT_EQ(object_of<corev1::PersistentVolumeClaim>(claim).metadata().finalizers(0), "kubernetes.io/pvc-protection");
}

TEST_F(Limits, AServiceGetsAnAddressOfItsOwn) {
  const auto a = object_of<corev1::Service>(create_yaml<corev1::Service>("{metadata: {name: a}, spec: {ports: [{port: 1}]}}"));
  EXPECT_TRUE(a.spec().clusterip().starts_with("10.96."));
  corev1::Service same = read<corev1::Service>("{metadata: {name: b}, spec: {ports: [{port: 1}]}}");
  same.mutable_spec()->set_clusterip(a.spec().clusterip());
  EXPECT_FALSE(create(same));
  auto again = read<corev1::Service>("{metadata: {name: a}, spec: {ports: [{port: 2}]}}");
  const auto updated = update(again);
  EXPECT_EQ(object_of<corev1::Service>(updated).spec().clusterip(), a.spec().clusterip());
}

}  // namespace
}  // namespace stint
