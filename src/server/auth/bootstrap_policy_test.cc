#include "server/auth/bootstrap_policy.h"

#include <gtest/gtest.h>

#include <set>

#include "api/object.h"

namespace stint::rbac {
namespace {

std::unique_ptr<Message> find(std::string_view kind, std::string_view name) {
  for (auto& object : bootstrap_policy()) {
    if (object->GetDescriptor()->name() == kind && meta(*object).name() == name) return std::move(object);
  }
  return nullptr;
}

TEST(BootstrapPolicy, EveryBindingLeadsToARoleThatIsThere) {
  std::set<std::string> roles;
  const auto all = bootstrap_policy();
  for (const auto& object : all) roles.insert(meta(*object).namespace_() + "/" + meta(*object).name());
  for (const auto& object : all) {
    if (const auto* binding = dynamic_cast<const rbacv1::ClusterRoleBinding*>(object.get())) {
      EXPECT_TRUE(roles.contains("/" + binding->roleref().name())) << binding->metadata().name();
    } else if (const auto* local = dynamic_cast<const rbacv1::RoleBinding*>(object.get())) {
      EXPECT_TRUE(roles.contains(local->metadata().namespace_() + "/" + local->roleref().name())) << local->metadata().name();
    }
  }
}

TEST(BootstrapPolicy, AdminEditAndViewJoinWhatIsLabelledForThem) {
  const auto view = find("ClusterRole", "view");
  const auto& role = static_cast<const rbacv1::ClusterRole&>(*view);
  EXPECT_EQ(role.aggregationrule().clusterroleselectors(0).matchlabels().at("rbac.authorization.k8s.io/aggregate-to-view"), "true");
  EXPECT_EQ(role.metadata().labels().at("rbac.authorization.k8s.io/aggregate-to-edit"), "true");
  EXPECT_EQ(role.metadata().annotations().at("rbac.authorization.kubernetes.io/autoupdate"), "true");
}

TEST(BootstrapPolicy, ControllersAreBoundToTheirAccounts) {
  const auto object = find("ClusterRoleBinding", "system:controller:job-controller");
  const auto& subject = static_cast<const rbacv1::ClusterRoleBinding&>(*object).subjects(0);
  EXPECT_EQ(subject.kind(), "ServiceAccount");
  EXPECT_EQ(subject.namespace_(), "kube-system");
  EXPECT_EQ(subject.name(), "job-controller");
}

TEST(BootstrapPolicy, WhatIsStoredGetsWhatItLacksAndKeepsWhatItHas) {
  const auto wanted = find("ClusterRole", "system:basic-user");
  EXPECT_EQ(brought_up(*wanted, *wanted), nullptr);
  rbacv1::ClusterRole stored = static_cast<const rbacv1::ClusterRole&>(*wanted);
  stored.mutable_rules()->RemoveLast();
  auto& own = *stored.add_rules();
  own.add_verbs("get");
  own.add_apigroups("");
  own.add_resources("pods");
  const auto next = brought_up(stored, *wanted);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(static_cast<const rbacv1::ClusterRole&>(*next).rules_size(), 3);
  (*stored.mutable_metadata()->mutable_annotations())["rbac.authorization.kubernetes.io/autoupdate"] = "false";
  EXPECT_EQ(brought_up(stored, *wanted), nullptr);
}

}  // namespace
}  // namespace stint::rbac
