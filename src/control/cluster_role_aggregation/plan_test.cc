#include "control/cluster_role_aggregation/plan.h"

#include <gtest/gtest.h>

namespace stint::cluster_role_aggregation {
namespace {

rbacv1::ClusterRole role(const std::string& name, const std::string& joined_to, std::vector<std::string> resources) {
  rbacv1::ClusterRole role;
  role.mutable_metadata()->set_name(name);
  if (!joined_to.empty()) (*role.mutable_metadata()->mutable_labels())["to"] = joined_to;
  for (std::string& resource : resources) {
    auto& rule = *role.add_rules();
    rule.add_verbs("get");
    rule.add_apigroups("");
    rule.add_resources(std::move(resource));
  }
  return role;
}
rbacv1::ClusterRole joining(const std::string& name, const std::string& joins, const std::string& joined_to = "") {
  rbacv1::ClusterRole made = role(name, joined_to, {});
  (*made.mutable_aggregationrule()->add_clusterroleselectors()->mutable_matchlabels())["to"] = joins;
  return made;
}
Object object(const rbacv1::ClusterRole& role) { return std::make_shared<rbacv1::ClusterRole>(role); }

TEST(ClusterRoleAggregation, JoinsTheRulesOfAllThatAreLabelledForIt) {
  const auto view = joining("view", "view");
  const auto rules = plan(view, {object(view), object(role("b", "view", {"pods"})), object(role("a", "view", {"jobs", "pods"})),
                                 object(role("c", "edit", {"secrets"}))});
  ASSERT_TRUE(rules.value().has_value());
  ASSERT_EQ((*rules)->size(), 2);
  EXPECT_EQ((**rules)[0].resources(0), "jobs");
  EXPECT_EQ((**rules)[1].resources(0), "pods");
}

TEST(ClusterRoleAggregation, NeverJoinsItself) {
  auto view = joining("view", "view", "view");
  *view.add_rules() = role("x", "", {"pods"}).rules(0);
  const auto rules = plan(view, {object(view)});
  ASSERT_TRUE(rules.value().has_value());
  EXPECT_TRUE((*rules)->empty());
}

TEST(ClusterRoleAggregation, PlansNothingWhenTheRulesAreThereOrNobodyIsJoined) {
  auto view = joining("view", "view");
  *view.add_rules() = role("x", "", {"pods"}).rules(0);
  EXPECT_FALSE(plan(view, {object(role("a", "view", {"pods"}))}).value().has_value());
  EXPECT_FALSE(plan(role("plain", "", {"pods"}), {}).value().has_value());
}

}  // namespace
}  // namespace stint::cluster_role_aggregation
