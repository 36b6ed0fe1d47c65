#include "node/environment.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

corev1::Container make_container() {
  corev1::Container container;
  container.set_name("main");
  return container;
}

void add_env(corev1::Container& container, const std::string& name, const std::string& value) {
  auto& variable = *container.add_env();
  variable.set_name(name);
  variable.set_value(value);
}

ReferencedObjects objects_with(const std::string& map, const std::string& key, const std::string& value) {
  ReferencedObjects objects;
  auto config_map = std::make_shared<corev1::ConfigMap>();
  (*config_map->mutable_data())[key] = value;
  objects.config_maps[map] = config_map;
  return objects;
}

TEST(Expand, ReplacesKnownNamesAndKeepsTheRest) {
  const Environment environment = {{"A", "x"}};
  EXPECT_EQ(expand("$(A)-$(Z)-$$(A)", environment), "x-$(Z)-$(A)");
  EXPECT_EQ(expand("$A $ $(A", environment), "$A $ $(A");
}

TEST(Environment, ExpandsFromEarlierEntriesOnly) {
  corev1::Pod pod;
  auto container = make_container();
  add_env(container, "B", "$(A)");
  add_env(container, "A", "x");
  add_env(container, "C", "$(A)");
  const auto environment = build_environment(container, {.pod = pod}, {});
  EXPECT_EQ(environment->at("B"), "$(A)");
  EXPECT_EQ(environment->at("C"), "x");
}

TEST(Environment, EnvWinsOverPrefixedEnvFrom) {
  corev1::Pod pod;
  auto container = make_container();
  auto& source = *container.add_envfrom();
  source.set_prefix("P_");
  source.mutable_configmapref()->mutable_localobjectreference()->set_name("m");
  add_env(container, "P_k", "mine");
  auto environment = build_environment(container, {.pod = pod}, objects_with("m", "k", "theirs"));
  EXPECT_EQ(environment->at("P_k"), "mine");
  container.clear_env();
  environment = build_environment(container, {.pod = pod}, objects_with("m", "k", "theirs"));
  EXPECT_EQ(environment->at("P_k"), "theirs");
}

TEST(Environment, MissingKeyIsAnErrorUnlessOptional) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_namespace_("ns");
  auto container = make_container();
  auto& variable = *container.add_env();
  variable.set_name("A");
  auto& ref = *variable.mutable_valuefrom()->mutable_configmapkeyref();
  ref.mutable_localobjectreference()->set_name("m");
  ref.set_key("gone");
  EXPECT_EQ(build_environment(container, {.pod = pod}, {}).error().message, "configmap \"m\" not found");
  EXPECT_EQ(build_environment(container, {.pod = pod}, objects_with("m", "k", "v")).error().message,
            "couldn't find key gone in ConfigMap ns/m");
  ref.set_optional(true);
  EXPECT_FALSE(build_environment(container, {.pod = pod}, {})->contains("A"));
}

TEST(Downward, ReadsFieldsLabelsAndResources) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_name("p");
  (*pod.mutable_metadata()->mutable_labels())["app"] = "x";
  (*pod.mutable_metadata()->mutable_labels())["b"] = "two \"words\"";
  auto& container = *pod.mutable_spec()->add_containers();
  container.set_name("main");
  (*container.mutable_resources()->mutable_limits())["cpu"].set_string("250m");
  const DownwardInput input{.pod = pod, .pod_ip = "10.0.0.1", .allocatable = {{"memory", 1024}}};
  EXPECT_EQ(*field_value(input, "metadata.labels['app']"), "x");
  EXPECT_EQ(*field_value(input, "metadata.labels['none']"), "");
  EXPECT_EQ(*field_value(input, "metadata.labels"), "app=\"x\"\nb=\"two \\\"words\\\"\"");
  EXPECT_EQ(*field_value(input, "status.podIP"), "10.0.0.1");
  corev1::ResourceFieldSelector selector;
  selector.set_resource("limits.cpu");
  EXPECT_EQ(*resource_value(input, selector, "main"), "1");
  selector.mutable_divisor()->set_string("1m");
  EXPECT_EQ(*resource_value(input, selector, "main"), "250");
  selector.clear_divisor();
  selector.set_resource("limits.memory");
  EXPECT_EQ(*resource_value(input, selector, "main"), "1024");
}

}  // namespace
}  // namespace stint
