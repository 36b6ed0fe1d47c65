#include "server/auth/rbac_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint::rbac {
namespace {

using ::testing::UnorderedElementsAre;

const Rule kReadsPods{.verbs = {"get", "list"}, .groups = {""}, .resources = {"pods", "pods/log"}};

Attributes ask(std::string_view verb, std::string_view group, std::string_view resource, std::string_view subresource = {},
               std::string_view name = {}) {
  return {.verb = verb, .group = group, .resource = resource, .subresource = subresource, .name = name};
}
Attributes ask_path(std::string_view verb, std::string_view path) { return {.is_resource = false, .verb = verb, .path = path}; }

// Both ways must agree.
bool allowed(const Rule& rule, const Attributes& attributes) {
  const bool one = permits(rule, attributes);
  EXPECT_EQ(RuleIndex({rule}).find(attributes) != nullptr, one);
  return one;
}

TEST(RbacRules, PermitOnlyTheirVerbsGroupsAndResources) {
  EXPECT_TRUE(allowed(kReadsPods, ask("get", "", "pods")));
  EXPECT_FALSE(allowed(kReadsPods, ask("delete", "", "pods")));
  EXPECT_FALSE(allowed(kReadsPods, ask("get", "batch", "pods")));
  EXPECT_FALSE(allowed(kReadsPods, ask("get", "", "secrets")));
}

TEST(RbacRules, ASubresourceIsAResourceOfItsOwn) {
  EXPECT_TRUE(allowed(kReadsPods, ask("get", "", "pods", "log")));
  EXPECT_FALSE(allowed(kReadsPods, ask("get", "", "pods", "status")));
  EXPECT_TRUE(allowed({.verbs = {"get"}, .groups = {"*"}, .resources = {"*/scale"}}, ask("get", "apps", "deployments", "scale")));
  EXPECT_FALSE(allowed({.verbs = {"get"}, .groups = {"*"}, .resources = {"*/scale"}}, ask("get", "apps", "deployments")));
}

TEST(RbacRules, AStarMatchesEverythingAndSubresourcesToo) {
  const Rule all{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}};
  EXPECT_TRUE(allowed(all, ask("whatever", "any.example", "things", "part")));
  EXPECT_FALSE(allowed(all, ask_path("get", "/metrics")));
}

TEST(RbacRules, NamesRestrictToObjectsWithThem) {
  const Rule rule{.verbs = {"*"}, .groups = {""}, .resources = {"configmaps"}, .names = {"mine"}};
  EXPECT_TRUE(allowed(rule, ask("update", "", "configmaps", "", "mine")));
  EXPECT_FALSE(allowed(rule, ask("update", "", "configmaps", "", "yours")));
  EXPECT_FALSE(allowed(rule, ask("list", "", "configmaps")));
}

TEST(RbacRules, PathsMatchWholeOrByAStarAtTheEnd) {
  const Rule rule{.verbs = {"get"}, .urls = {"/version", "/api/*"}};
  EXPECT_TRUE(allowed(rule, ask_path("get", "/version")));
  EXPECT_FALSE(allowed(rule, ask_path("get", "/version/")));
  EXPECT_TRUE(allowed(rule, ask_path("get", "/api/v1")));
  EXPECT_FALSE(allowed(rule, ask_path("get", "/api")));
  EXPECT_FALSE(allowed(rule, ask_path("post", "/version")));
  EXPECT_TRUE(allowed({.verbs = {"*"}, .urls = {"*"}}, ask_path("post", "/anything")));
}

TEST(RbacRules, MissingAreTheSmallestPiecesNobodyCovers) {
  const RuleList wanted = {{.verbs = {"get", "delete"}, .groups = {""}, .resources = {"pods"}}};
  EXPECT_THAT(missing({kReadsPods}, wanted), UnorderedElementsAre(Rule{{"delete"}, {""}, {"pods"}, {}, {}}));
  EXPECT_THAT(missing({{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}}}, wanted), UnorderedElementsAre());
}

TEST(RbacRules, ARuleForNamedObjectsDoesNotCoverAllOfThem) {
  const RuleList held = {{.verbs = {"get"}, .groups = {""}, .resources = {"pods"}, .names = {"a", "b"}}};
  EXPECT_FALSE(missing(held, {{.verbs = {"get"}, .groups = {""}, .resources = {"pods"}}}).empty());
  EXPECT_TRUE(missing(held, {{.verbs = {"get"}, .groups = {""}, .resources = {"pods"}, .names = {"b"}}}).empty());
}

TEST(RbacRules, PathsAreCoveredByWiderPaths) {
  const RuleList held = {{.verbs = {"get"}, .urls = {"/api/*"}}};
  EXPECT_TRUE(missing(held, {{.verbs = {"get"}, .urls = {"/api/v1", "/api/*"}}}).empty());
  EXPECT_FALSE(missing(held, {{.verbs = {"get"}, .urls = {"*"}}}).empty());
}

TEST(RbacRules, ARuleThatAnotherCoversWholeHasNoNeedOfItsPieces) {
  const Rule wanted{.verbs = {"get", "get", "list"}, .groups = {"", "batch"}, .resources = {"pods", "pods/log"}};
  const auto left = [&](const Rule& held) { return not_covered_by_one({held}, {wanted}); };
  EXPECT_TRUE(left({.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}}).empty());
  EXPECT_TRUE(left({.verbs = {"list", "get"}, .groups = {"batch", ""}, .resources = {"pods", "*/log"}}).empty());
  EXPECT_TRUE(not_covered_by_one({{.verbs = {"get"}, .urls = {"/api/*"}}}, {{.verbs = {"get"}, .urls = {"/api/v1"}}}).empty());
  for (const Rule& held : RuleList{{.verbs = {"get"}, .groups = {"*"}, .resources = {"*"}},
                                   {.verbs = {"*"}, .groups = {""}, .resources = {"*"}},
                                   {.verbs = {"*"}, .groups = {"*"}, .resources = {"pods"}},
                                   {.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}, .names = {"a"}},
                                   {.verbs = {"*"}, .urls = {"*"}}}) {
    ASSERT_EQ(left(held).size(), 1u) << describe(held);
    EXPECT_EQ(left(held)[0].verbs.size(), 2u);
    EXPECT_FALSE(missing({held}, left(held)).empty());
  }
}

TEST(RbacRules, PiecesAreCountedWithoutMakingThem) {
  const RuleList rules = {{.verbs = {"get", "list"}, .groups = {"", "batch"}, .resources = {"a", "b", "c"}, .names = {"x", "y"}},
                          {.verbs = {"get"}, .urls = {"/a", "/b"}}};
  EXPECT_EQ(count_pieces(rules), missing({}, rules).size());
  const std::vector<std::string> many(100'000, "x");
  EXPECT_EQ(count_pieces({{.verbs = many, .groups = many, .resources = many, .names = many}}), SIZE_MAX);
}

TEST(RbacRules, CompactingJoinsTheVerbsOfAResource) {
  const RuleList pieces = missing({}, {{.verbs = {"get", "list"}, .groups = {"batch"}, .resources = {"jobs"}}});
  EXPECT_EQ(pieces.size(), 2u);
  const RuleList joined = compact(pieces);
  ASSERT_EQ(joined.size(), 1u);
  EXPECT_EQ(describe(joined[0]), R"({APIGroups:["batch"], Resources:["jobs"], Verbs:["get" "list"]})");
}

}  // namespace
}  // namespace stint::rbac
