#include "server/auth/rbac_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint::rbac {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const RuleList kReadsJobs = {{.verbs = {"get"}, .groups = {"batch"}, .resources = {"jobs"}}};
const RuleList kReadsPods = {{.verbs = {"get"}, .groups = {""}, .resources = {"pods"}}};

class RbacIndexTest : public ::testing::Test {
 protected:
  bool may(const User& user, std::string_view resource, std::string_view ns) {
    errors_.clear();
    const std::string_view group = resource == "jobs" ? "batch" : "";
    const Attributes attributes{.verb = "get", .group = group, .resource = resource, .ns = ns};
    grant_ = index_.find(user, attributes, &errors_);
    return grant_.binding != nullptr;
  }
  void bind(std::string ns, std::string name, std::string kind, std::string role, std::vector<Subject> subjects) {
    index_.put_binding({std::move(ns), std::move(name), std::move(kind), std::move(role), std::move(subjects)});
  }

  RbacIndex index_;
  RbacIndex::Grant grant_;
  std::vector<std::string> errors_;
  const User ann_{.name = "ann", .groups = {"devs"}};
};

TEST_F(RbacIndexTest, NobodyMayDoAnythingUnbound) {
  index_.put_role("", "reader", kReadsJobs);
  EXPECT_FALSE(may(ann_, "jobs", "default"));
}

TEST_F(RbacIndexTest, AClusterRoleBindingHoldsEverywhere) {
  index_.put_role("", "reader", kReadsJobs);
  bind("", "all", "ClusterRole", "reader", {{"User", "ann", ""}});
  EXPECT_TRUE(may(ann_, "jobs", "default"));
  EXPECT_TRUE(may(ann_, "jobs", ""));
  EXPECT_EQ(describe_grant(grant_), R"(RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "reader" to User "ann")");
  EXPECT_FALSE(may(ann_, "pods", "default"));
  EXPECT_FALSE(may({.name = "bob"}, "jobs", "default"));
}

TEST_F(RbacIndexTest, ARoleBindingHoldsInItsNamespaceOnly) {
  index_.put_role("", "reader", kReadsJobs);
  bind("team", "local", "ClusterRole", "reader", {{"Group", "devs", ""}});
  EXPECT_TRUE(may(ann_, "jobs", "team"));
  EXPECT_EQ(describe_grant(grant_), R"(RBAC: allowed by RoleBinding "local/team" of ClusterRole "reader" to Group "devs")");
  EXPECT_FALSE(may(ann_, "jobs", "other"));
  EXPECT_FALSE(may(ann_, "jobs", ""));
}

TEST_F(RbacIndexTest, ARoleIsFoundInTheNamespaceOfItsBinding) {
  index_.put_role("other", "reader", kReadsJobs);
  bind("team", "local", "Role", "reader", {{"User", "ann", ""}});
  EXPECT_FALSE(may(ann_, "jobs", "team"));
  EXPECT_THAT(errors_, ElementsAre(R"(role.rbac.authorization.k8s.io "reader" not found)"));
  index_.put_role("team", "reader", kReadsJobs);
  EXPECT_TRUE(may(ann_, "jobs", "team"));
}

TEST_F(RbacIndexTest, AServiceAccountIsOfTheBindingsNamespaceUnlessItSaysAnother) {
  index_.put_role("team", "reader", kReadsJobs);
  bind("team", "local", "Role", "reader", {{"ServiceAccount", "bot", ""}, {"ServiceAccount", "far", "away"}});
  EXPECT_TRUE(may({.name = "system:serviceaccount:team:bot"}, "jobs", "team"));
  EXPECT_EQ(describe_grant(grant_), R"(RBAC: allowed by RoleBinding "local/team" of Role "reader" to ServiceAccount "bot/team")");
  EXPECT_TRUE(may({.name = "system:serviceaccount:away:far"}, "jobs", "team"));
  EXPECT_FALSE(may({.name = "system:serviceaccount:team:far"}, "jobs", "team"));
}

TEST_F(RbacIndexTest, ChangesReplaceWhatWasThere) {
  index_.put_role("", "reader", kReadsJobs);
  bind("", "all", "ClusterRole", "reader", {{"User", "ann", ""}, {"Group", "devs", ""}});
  bind("", "all", "ClusterRole", "reader", {{"User", "bob", ""}});
  EXPECT_FALSE(may(ann_, "jobs", "default"));
  EXPECT_TRUE(may({.name = "bob"}, "jobs", "default"));
  index_.put_role("", "reader", kReadsPods);
  EXPECT_FALSE(may({.name = "bob"}, "jobs", "default"));
  index_.remove_role("", "reader");
  index_.remove_binding("", "all");
  EXPECT_FALSE(may({.name = "bob"}, "pods", "default"));
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(RbacIndexTest, RulesOfAUserCountEachBindingOnce) {
  index_.put_role("", "reader", kReadsJobs);
  bind("", "all", "ClusterRole", "reader", {{"User", "ann", ""}, {"Group", "devs", ""}});
  bind("team", "gone", "Role", "gone", {{"User", "ann", ""}});
  EXPECT_EQ(index_.rules_of(ann_, "team", &errors_), kReadsJobs);
  EXPECT_THAT(errors_, ElementsAre(R"(role.rbac.authorization.k8s.io "gone" not found)"));
}

}  // namespace
}  // namespace stint::rbac
