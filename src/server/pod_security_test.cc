// Pod Security at the door: what a namespace's labels do to the pods written in it.
#include "server/testing.h"

namespace stint {
namespace {

class PodSecurityAdmission : public ServerTest {
 protected:
  // Labels are "mode=value", without their common prefix.
  Result<Answer> make_namespace(const std::string& name, std::vector<std::pair<std::string, std::string>> labels) {
    corev1::Namespace ns;
    ns.mutable_metadata()->set_name(name);
    set_labels(ns, labels);
    Result<Answer> made = create(ns);
    if (!made) return made;
    corev1::ServiceAccount account;  // as a controller would
    account.mutable_metadata()->set_name("default");
    EXPECT_TRUE(create(account, name));
    return made;
  }
  static void set_labels(corev1::Namespace& ns, const std::vector<std::pair<std::string, std::string>>& labels) {
    for (const auto& [mode, value] : labels) (*ns.mutable_metadata()->mutable_labels())["pod-security.kubernetes.io/" + mode] = value;
  }
  static corev1::Pod privileged_pod(std::string name) {
    corev1::Pod made = pod(std::move(name));
    made.mutable_spec()->mutable_containers(0)->mutable_securitycontext()->set_privileged(true);
    return made;
  }
};

constexpr const char* kRefusal =
    "pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"main\" must not set "
    "securityContext.privileged=true)";
constexpr const char* kWarning =
    "would violate PodSecurity \"baseline:latest\": privileged (container \"main\" must not set securityContext.privileged=true)";

TEST_F(PodSecurityAdmission, ALevelThatIsEnforcedRefusesPods) {
  ASSERT_TRUE(make_namespace("ns", {{"enforce", "baseline"}}));
  const auto refused = create(privileged_pod("p"), "ns");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kForbidden);
  EXPECT_EQ(refused.error().message, kRefusal);
  EXPECT_TRUE(create(pod("q"), "ns"));
}

TEST_F(PodSecurityAdmission, OwnersOfPodsAreOnlyWarned) {
  ASSERT_TRUE(make_namespace("ns", {{"enforce", "baseline"}}));
  batchv1::Job owner = job("j");
  *owner.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers() = privileged_pod("x").spec().containers();
  const auto made = create(owner, "ns");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->warnings, std::vector<std::string>{kWarning});
}

TEST_F(PodSecurityAdmission, WarningAndAuditingLetPodsIn) {
  ASSERT_TRUE(make_namespace("ns", {{"warn", "baseline"}, {"audit", "restricted"}, {"audit-version", "v1.7"}}));
  Request request = ServerTest::request<corev1::Pod>(Verb::kCreate, "", "ns");
  request.body.message = std::make_unique<corev1::Pod>(privileged_pod("p"));
  AuditAnnotations annotations;
  request.annotations = &annotations;
  const auto made = handle(std::move(request));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->warnings, std::vector<std::string>{kWarning});
  EXPECT_EQ(annotations["pod-security.kubernetes.io/enforce-policy"], "privileged:latest");
  EXPECT_EQ(annotations["pod-security.kubernetes.io/audit-violations"],
            "would violate PodSecurity \"restricted:v1.7\": privileged (container \"main\" must not set securityContext.privileged=true), "
            "runAsNonRoot != true (pod or container \"main\" must set securityContext.runAsNonRoot=true)");
}

TEST_F(PodSecurityAdmission, OnlyNewImagesOfARunningPodAreLookedAt) {
  ASSERT_TRUE(make_namespace("ns", {}));
  auto running = object_of<corev1::Pod>(create(privileged_pod("p"), "ns"));
  corev1::Namespace ns = object_of<corev1::Namespace>(get<corev1::Namespace>("ns"));
  set_labels(ns, {{"enforce", "baseline"}});
  ASSERT_TRUE(update(ns));
  (*running.mutable_metadata()->mutable_labels())["a"] = "b";
  const auto labelled = update(running);
  ASSERT_TRUE(labelled) << labelled.error().message;
  running = object_of<corev1::Pod>(labelled);
  running.mutable_spec()->mutable_containers(0)->set_image("other");
  const auto changed = update(running);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().message, kRefusal);
}

TEST_F(PodSecurityAdmission, ANamespaceThatBecomesStricterIsToldOfItsPods) {
  ASSERT_TRUE(make_namespace("ns", {}));
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(create(privileged_pod(name), "ns"));
  corev1::Pod other = pod("other");
  other.mutable_spec()->set_hostpid(true);
  ASSERT_TRUE(create(other, "ns"));
  corev1::Namespace ns = object_of<corev1::Namespace>(get<corev1::Namespace>("ns"));
  set_labels(ns, {{"enforce", "baseline"}});
  const auto changed = update(ns);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->warnings,
            (std::vector<std::string>{"existing pods in namespace \"ns\" violate the new PodSecurity enforce level \"baseline:latest\"",
                                      "a (and 2 other pods): privileged", "other: host namespaces"}));
}

TEST_F(PodSecurityAdmission, ALabelMustBeALevel) {
  const auto made = make_namespace("ns", {{"enforce", "strict"}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason, Reason::kInvalid);
  EXPECT_EQ(made.error().message,
            "Namespace \"ns\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of "
            "privileged, baseline, restricted");
}

}  // namespace
}  // namespace stint
