#include "api/internal_form.h"

#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;

TEST(InternalForm, TellsWhatIsNotSet) {
  const auto context = from_yaml<corev1::SecurityContext>("{privileged: true, allowPrivilegeEscalation: false}");
  EXPECT_EQ(internal_text(context),
            R"({"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,)"
            R"("RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,)"
            R"("AppArmorProfile":null})");
  const auto taint = from_yaml<corev1::Taint>("{key: a, effect: NoSchedule}");
  EXPECT_EQ(internal_text(taint), R"({"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null})");
}

TEST(InternalForm, WhatIsEmbeddedStandsInItsOwner) {
  const auto volume = from_yaml<corev1::Volume>("{name: v, configMap: {name: c}}");
  const std::string text = internal_text(volume);
  EXPECT_TRUE(text.starts_with(R"({"Name":"v","HostPath":null,)")) << text;
  EXPECT_NE(text.find(R"("ConfigMap":{"Name":"c","Items":null,"DefaultMode":null,"Optional":null)"), text.npos) << text;
  const auto pod = from_yaml<corev1::PodTemplateSpec>("{metadata: {labels: {a: b}}, spec: {containers: []}}");
  EXPECT_TRUE(internal_text(pod).starts_with(R"({"labels":{"a":"b"},"Spec":{"Volumes":null,)")) << internal_text(pod);
}

TEST(InternalForm, TypesOfTheCommonMachineryStay) {
  const auto term = from_yaml<corev1::PodAffinityTerm>("{topologyKey: k, labelSelector: {matchLabels: {a: b}}}");
  EXPECT_EQ(internal_text(term),
            R"({"LabelSelector":{"matchLabels":{"a":"b"}},"Namespaces":null,"TopologyKey":"k","NamespaceSelector":null,)"
            R"("MatchLabelKeys":null,"MismatchLabelKeys":null})");
  const auto policy = from_yaml<batchv1::SuccessPolicy>("{rules: [{succeededCount: 1}]}");
  EXPECT_EQ(internal_text(policy), R"({"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]})");
}

TEST(InternalForm, AFieldAlone) {
  const auto spec = from_yaml<batchv1::JobSpec>("{podFailurePolicy: {rules: []}}");
  auto text = [&](const char* name) { return internal_text(spec, spec.GetDescriptor()->FindFieldByName(name)); };
  EXPECT_EQ(text("podFailurePolicy"), R"({"Rules":[]})");
  EXPECT_EQ(text("completions"), "null");
  EXPECT_EQ(text("selector"), "null");
}

TEST(InternalForm, DiffersByLines) {
  const auto before = from_yaml<corev1::PodOS>("{name: linux}");
  const auto after = from_yaml<corev1::PodOS>("{name: windows}");
  EXPECT_EQ(internal_diff(before, after), "\n@@ -1,3 +1,3 @@\n {\n- \"Name\": \"linux\"\n+ \"Name\": \"windows\"\n }\n");
  EXPECT_EQ(internal_diff(before, before), "");
}

}  // namespace
}  // namespace stint
