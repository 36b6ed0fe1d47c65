#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;

TEST(RbacRules, ARuleNamesVerbsGroupsAndResources) {
  const auto made =
      create_yaml<rbacv1::Role>("{metadata: {name: a}, rules: [{}, {verbs: [get], nonResourceURLs: [/x], resources: [pods]}]}");
  EXPECT_TRUE(made.refused("rules[0].verbs", "FieldValueRequired", "verbs must contain at least one value")) << made;
  EXPECT_TRUE(made.refused("rules[0].apiGroups", "FieldValueRequired", "resource rules must supply at least one api group"));
  EXPECT_TRUE(made.refused("rules[0].resources", "FieldValueRequired"));
  EXPECT_TRUE(
      made.refused("rules[1].nonResourceURLs", "FieldValueInvalid", R"(["/x"]: namespaced rules cannot apply to non-resource URLs)"));
  EXPECT_TRUE(made.refused("rules[1].nonResourceURLs", "FieldValueInvalid", "both regular resources and non-resource URLs"));
}

TEST(RbacRules, NamesAreWhatCanStandInAPath) {
  EXPECT_TRUE(create_yaml<rbacv1::ClusterRole>("{metadata: {name: 'system:Node_x'}}").accepted());
  EXPECT_TRUE(
      create_yaml<rbacv1::ClusterRole>("{metadata: {name: a/b}}").refused("metadata.name", "FieldValueInvalid", "may not contain '/'"));
}

TEST(RbacRules, ABindingIsCompletedAndChecked) {
  const auto made = create_yaml<rbacv1::RoleBinding>(R"(
metadata: {name: a}
roleRef: {kind: Role, name: r}
subjects: [{kind: User, name: u}, {kind: ServiceAccount, name: s, namespace: "n"}, {kind: Group, name: g}])");
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_EQ(made.object.roleref().apigroup(), "rbac.authorization.k8s.io");
  EXPECT_EQ(made.object.subjects(0).apigroup(), "rbac.authorization.k8s.io");
  EXPECT_EQ(cells(made.object, at(1'800'000'005)), (std::vector<std::string>{"a", "Role/r", "5s", "u", "g", "n/s"}));
  const auto moved = update_with(made.object, [](auto& next) { next.mutable_roleref()->set_name("q"); });
  EXPECT_TRUE(moved.refused("roleRef", "FieldValueInvalid", "field is immutable")) << moved;
}

TEST(RbacRules, AClusterBindingBindsClusterRolesAndNamesTheNamespace) {
  const auto made = create_yaml<rbacv1::ClusterRoleBinding>(R"(
metadata: {name: a}
roleRef: {kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: s}, {kind: Robot, name: x}])");
  EXPECT_TRUE(made.refused("roleRef.kind", "FieldValueNotSupported", R"("Role": supported values: "ClusterRole")")) << made;
  EXPECT_TRUE(made.refused("subjects[0].namespace", "FieldValueRequired"));
  EXPECT_TRUE(made.refused("subjects[1].kind", "FieldValueNotSupported", R"(supported values: "ServiceAccount", "User", "Group")"));
}

}  // namespace
}  // namespace stint
