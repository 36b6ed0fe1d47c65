// Who may do what, as clients see it: 401, 403, acting for others, the reviews.
#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;

class AccessTest : public RestTest {
 protected:
  static http::Headers guest() { return {{"Authorization", "Bearer weak"}}; }
  Response get_as_guest(std::string target) { return send_as_is("GET", std::move(target), "", guest()); }
  Response post_as_guest(std::string target, std::string body) { return send_as_is("POST", std::move(target), std::move(body), guest()); }

  static std::string message(const Response& response) {
    return std::string(json::parse(response->text).value_or(json::Value()).string_at("message"));
  }
  // Lets the user `guest` do it in the namespace "default".
  void grant(const std::string& verbs, const std::string& group, const std::string& resources, const std::string& names = "[]") {
    const auto role = post(kRoles, R"({"metadata":{"name":"r"},"rules":[{"verbs":)" + verbs + R"(,"apiGroups":[")" + group +
                                       R"("],"resources":)" + resources + R"(,"resourceNames":)" + names + "}]}");
    EXPECT_EQ(role->code, 201) << role->text;
    const auto binding =
        post(kBindings, R"({"metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role",)"
                        R"("name":"r"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"guest"}]})");
    EXPECT_EQ(binding->code, 201) << binding->text;
  }
  json::Value status_of(const Response& response) {
    EXPECT_EQ(response->code, 201) << response->text;
    return *json::parse(response->text).value_or(json::Value()).find("status");
  }

  static constexpr char kRoles[] = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
  static constexpr char kBindings[] = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
  static constexpr char kClusterRoles[] = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  static constexpr char kJobs[] = "/apis/batch/v1/namespaces/default/jobs";
  static constexpr char kMaps[] = "/api/v1/namespaces/default/configmaps";
  static constexpr char kSelfAccess[] = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
};

TEST_F(AccessTest, AnUnknownTokenIs401EvenWhereAnybodyMayGo) {
  const auto refused = send_as_is("GET", "/healthz", "", {{"Authorization", "Bearer nonsense"}});
  EXPECT_EQ(refused->code, 401);
  EXPECT_EQ(message(refused), "Unauthorized");
}

TEST_F(AccessTest, WithoutCredentialsOnlyHealthAndVersionAreShown) {
  EXPECT_EQ(send_as_is("GET", "/version")->code, 200);
  EXPECT_EQ(send_as_is("GET", "/livez")->code, 200);
  const auto refused = send_as_is("GET", "/apis");
  EXPECT_EQ(refused->code, 403);
  EXPECT_EQ(message(refused), R"(forbidden: User "system:anonymous" cannot get path "/apis")");
  EXPECT_EQ(
      message(send_as_is("GET", kJobs)),
      R"(jobs.batch is forbidden: User "system:anonymous" cannot list resource "jobs" in API group "batch" in the namespace "default")");
}

TEST_F(AccessTest, WhoeverIsKnownMayDiscover) {
  EXPECT_EQ(get_as_guest("/apis")->code, 200);
  EXPECT_EQ(get_as_guest("/openapi/v3")->code, 200);
  EXPECT_EQ(get_as_guest("/metrics")->code, 403);
}

TEST_F(AccessTest, A403ComesBeforeA404AndBeforeTheBodyIsRead) {
  EXPECT_EQ(get_as_guest("/apis/apps/v1/deployments")->code, 403);
  EXPECT_EQ(post_as_guest(kJobs, "no job at all")->code, 403);
  EXPECT_EQ(message(get_as_guest("/api/v1/namespaces/default/pods/p/exec")),
            R"(pods "p" is forbidden: User "guest" cannot get resource "pods/exec" in API group "" in the namespace "default")");
}

TEST_F(AccessTest, ARoleHoldsFromTheNextRequestOnAndNoLongerThanItIsThere) {
  EXPECT_EQ(get_as_guest(kMaps)->code, 403);
  grant(R"(["list"])", "", R"(["configmaps"])");
  EXPECT_EQ(get_as_guest(kMaps)->code, 200);
  EXPECT_EQ(get_as_guest("/api/v1/configmaps")->code, 403);
  EXPECT_EQ(send("DELETE", std::string(kRoles) + "/r", "")->code, 200);
  const auto refused = get_as_guest(kMaps);
  EXPECT_EQ(refused->code, 403);
  EXPECT_TRUE(message(refused).ends_with(R"(: rbac: RBAC: role.rbac.authorization.k8s.io "r" not found)")) << message(refused);
  EXPECT_EQ(send("DELETE", std::string(kBindings) + "/b", "")->code, 200);
  EXPECT_TRUE(message(get_as_guest(kMaps)).ends_with(R"(in the namespace "default")"));
}

TEST_F(AccessTest, OneObjectMayBeListedByItsName) {
  grant(R"(["list","watch"])", "", R"(["configmaps"])", R"(["mine"])");
  EXPECT_EQ(get_as_guest(kMaps)->code, 403);
  EXPECT_EQ(get_as_guest(std::string(kMaps) + "?fieldSelector=metadata.name%3Dmine")->code, 200);
  EXPECT_EQ(
      message(get_as_guest(std::string(kMaps) + "?fieldSelector=metadata.name%3Dyours")),
      R"(configmaps "yours" is forbidden: User "guest" cannot list resource "configmaps" in API group "" in the namespace "default")");
}

TEST_F(AccessTest, WhatIsAllowedInANamespaceReachesNoOther) {
  grant(R"(["*"])", "", R"(["namespaces"])");
  EXPECT_EQ(get_as_guest("/api/v1/namespaces/default")->code, 200);
  EXPECT_EQ(get_as_guest("/api/v1/namespaces")->code, 403);
  for (const std::string_view path : {"/api/v1/namespaces/default/namespaces", "/api/v1/namespaces/default/namespaces/kube-node-lease",
                                      "/api/v1/watch/namespaces/default/namespaces"}) {
    EXPECT_EQ(get_as_guest(std::string(path))->code, 404) << path;
  }
  EXPECT_EQ(send_as_is("DELETE", "/api/v1/namespaces/default/namespaces/kube-node-lease", "", guest())->code, 404);
  EXPECT_EQ(post_as_guest("/api/v1/namespaces/default/namespaces", R"({"metadata":{"name":"made"}})")->code, 404);
}

TEST_F(AccessTest, APutThatCreatesNeedsTheRightToCreate) {
  grant(R"(["update"])", "coordination.k8s.io", R"(["leases"])");
  const auto refused =
      send_as_is("PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", R"({"metadata":{"name":"l"}})", guest());
  EXPECT_EQ(refused->code, 403);
  EXPECT_NE(message(refused).find(R"(cannot create resource "leases")"), std::string::npos) << refused->text;
}

TEST_F(AccessTest, TheAdministratorActsForOthersWithTheirRights) {
  const auto as_bob = get(kJobs, {{"Impersonate-User", "bob"}});
  EXPECT_EQ(as_bob->code, 403);
  EXPECT_NE(message(as_bob).find(R"(User "bob" cannot list resource "jobs")"), std::string::npos) << as_bob->text;
  EXPECT_EQ(get(kJobs, {{"Impersonate-User", "eve"}, {"Impersonate-Group", "system:masters"}})->code, 200);
}

TEST_F(AccessTest, GroupsAloneAreNobody) {
  const auto refused = get(kJobs, {{"Impersonate-Group", "a"}});
  EXPECT_EQ(refused->code, 400);
  EXPECT_EQ(message(refused), R"(requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)} )"
                              "without impersonating a user name");
}

TEST_F(AccessTest, ActingForOthersNeedsTheRight) {
  const http::Headers as_ann = {{"Authorization", "Bearer weak"}, {"Impersonate-User", "ann"}};
  const auto refused = send_as_is("GET", kJobs, "", as_ann);
  EXPECT_EQ(refused->code, 403);
  EXPECT_EQ(message(refused), R"(jobs.batch is forbidden: User "guest" cannot impersonate-on:user-info:list resource "jobs" in API group )"
                              R"("batch" in the namespace "default")");
  post(kClusterRoles, R"({"metadata":{"name":"actor"},"rules":[{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],)"
                      R"("resourceNames":["ann"]}]})");
  post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
       R"({"metadata":{"name":"actor"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"actor"},)"
       R"("subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"guest"}]})");
  EXPECT_NE(message(send_as_is("GET", kJobs, "", as_ann)).find(R"(User "ann" cannot list)"), std::string::npos);
  http::Headers with_group = as_ann;
  with_group.emplace_back("Impersonate-Group", "devs");
  EXPECT_EQ(send_as_is("GET", kJobs, "", with_group)->code, 403);
}

TEST_F(AccessTest, ARestrictedRightToActForOthersSetsWellFormedExtrasOnly) {
  post(kClusterRoles, R"({"metadata":{"name":"actor"},"rules":[{"verbs":["impersonate:user-info","impersonate-on:user-info:list"],)"
                      R"("apiGroups":["*"],"resources":["*"]}]})");
  post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
       R"({"metadata":{"name":"actor"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"actor"},)"
       R"("subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"guest"}]})");
  const auto list_with = [this](std::string header, std::string value) {
    http::Headers headers = {{"Authorization", "Bearer weak"}, {"Impersonate-User", "ann"}};
    headers.emplace_back(std::move(header), std::move(value));
    return message(send_as_is("GET", kJobs, "", std::move(headers)));
  };
  EXPECT_NE(list_with("Impersonate-Extra-example.com%2Fteam", "a").find(R"(User "ann" cannot list)"), std::string::npos);
  EXPECT_NE(list_with("Impersonate-Extra-team", "a").find("an invalid key in extra is not allowed"), std::string::npos);
  EXPECT_NE(list_with("Impersonate-Extra-example.com%2Fteam", "").find("the empty string value in extra"), std::string::npos);
  EXPECT_NE(list_with("Impersonate-Group", "system:masters").find("the system:masters group is not allowed"), std::string::npos);
}

TEST_F(AccessTest, NobodyGivesAwayWhatHeDoesNotHold) {
  post(kClusterRoles, R"({"metadata":{"name":"roler"},"rules":[{"verbs":["create"],"apiGroups":["rbac.authorization.k8s.io"],)"
                      R"("resources":["roles","rolebindings"]},{"verbs":["get"],"apiGroups":["batch"],"resources":["jobs"]}]})");
  post(kBindings, R"({"metadata":{"name":"roler"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"roler"},)"
                  R"("subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"guest"}]})");
  const std::string held = R"({"metadata":{"name":"held"},"rules":[{"verbs":["get"],"apiGroups":["batch"],"resources":["jobs"]}]})";
  EXPECT_EQ(post_as_guest(kRoles, held)->code, 201);
  const auto refused = post_as_guest(
      kRoles, R"({"metadata":{"name":"more"},"rules":[{"verbs":["get","delete"],"apiGroups":["batch"],"resources":["jobs"]}]})");
  EXPECT_EQ(refused->code, 403);
  EXPECT_EQ(message(refused),
            "roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"guest\" (groups=[\"system:authenticated\"]) is "
            "attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"batch\"], Resources:[\"jobs\"], "
            "Verbs:[\"delete\"]}");
  const auto bound = post_as_guest(
      kBindings,
      R"({"metadata":{"name":"up"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},)"
      R"("subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"guest"}]})");
  EXPECT_EQ(bound->code, 403) << bound->text;
}

TEST_F(AccessTest, ARoleOfMorePermissionsThanCanBeComparedIsForbidden) {
  grant(R"(["create"])", "rbac.authorization.k8s.io", R"(["roles"])");
  std::string words;
  for (int i = 0; i < 300; ++i) words += (i > 0 ? ",\"w" : "\"w") + std::to_string(i) + "\"";
  const auto refused = post_as_guest(kRoles, R"({"metadata":{"name":"vast"},"rules":[{"verbs":[)" + words + R"(],"apiGroups":[)" + words +
                                                 R"(],"resources":[)" + words + "]}]}");
  EXPECT_EQ(refused->code, 403);
  EXPECT_NE(message(refused).find("too many permissions to compare with those held"), std::string::npos) << message(refused);
}

TEST_F(AccessTest, AnswersWhatTheCallerMayDo) {
  const std::string question = R"({"spec":{"resourceAttributes":{"namespace":"default","verb":"list","resource":"configmaps"}}})";
  EXPECT_FALSE(status_of(post_as_guest(kSelfAccess, question)).find("allowed")->as_bool());
  grant(R"(["list"])", "", R"(["configmaps"])");
  const json::Value yes = status_of(post_as_guest(kSelfAccess, question));
  EXPECT_TRUE(yes.find("allowed")->as_bool());
  EXPECT_EQ(yes.string_at("reason"), R"(RBAC: allowed by RoleBinding "b/default" of Role "r" to User "guest")");
  EXPECT_EQ(post_as_guest(kSelfAccess, R"({"spec":{}})")->code, 422);
}

TEST_F(AccessTest, AnswersWhatAnybodyMayDoToWhoMayAsk) {
  grant(R"(["list"])", "", R"(["configmaps"])");
  const std::string question =
      R"({"spec":{"user":"guest","resourceAttributes":{"namespace":"default","verb":"list","resource":"configmaps"}}})";
  const std::string reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  EXPECT_EQ(post_as_guest(reviews, question)->code, 403);
  EXPECT_TRUE(status_of(post(reviews, question)).find("allowed")->as_bool());
  const std::string local = "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews";
  EXPECT_TRUE(status_of(post(local, question)).find("allowed")->as_bool());
}

TEST_F(AccessTest, ListsTheRulesOfTheCaller) {
  const std::string reviews = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
  const json::Value status = status_of(post_as_guest(reviews, R"({"spec":{"namespace":"default"}})"));
  EXPECT_FALSE(status.find("incomplete")->as_bool());
  EXPECT_GE(status.find("resourceRules")->as_array().size(), 2u);
  EXPECT_GE(status.find("nonResourceRules")->as_array().size(), 2u);
  EXPECT_EQ(post_as_guest(reviews, R"({"spec":{}})")->code, 400);
}

TEST_F(AccessTest, TellsTheCallerWhoHeIs) {
  const std::string reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const json::Value status = status_of(post_as_guest(reviews, R"({})"));
  EXPECT_EQ(status.find("userInfo")->string_at("username"), "guest");
  EXPECT_EQ(json::to_text(*status.find("userInfo")->find("groups")), R"(["system:authenticated"])");
}

TEST_F(AccessTest, ReviewsAreAskedOnly) {
  EXPECT_EQ(get(kSelfAccess)->code, 405);
  const auto listed = get("/apis/authorization.k8s.io/v1");
  EXPECT_NE(listed->text.find(R"({"name":"selfsubjectaccessreviews","singularName":"selfsubjectaccessreview","namespaced":false,)"
                              R"("kind":"SelfSubjectAccessReview","verbs":["create"]})"),
            std::string::npos)
      << listed->text;
  EXPECT_NE(
      get("/api/v1")->text.find(R"({"name":"serviceaccounts/token","singularName":"","namespaced":true,"group":"authentication.k8s.io",)"
                                R"("version":"v1","kind":"TokenRequest","verbs":["create"]})"),
      std::string::npos);
}

TEST_F(AccessTest, EveryClusterBeginsWithUpstreamsRoles) {
  for (std::string_view name : {"cluster-admin", "admin", "edit", "view", "system:discovery", "system:basic-user", "system:node",
                                "system:kube-scheduler", "system:controller:job-controller"}) {
    const auto role = get(std::string(kClusterRoles) + "/" + std::string(name));
    EXPECT_EQ(role->code, 200) << name;
    EXPECT_NE(role->text.find(R"("kubernetes.io/bootstrapping":"rbac-defaults")"), std::string::npos);
  }
  EXPECT_EQ(get("/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader")->code, 200);
}

}  // namespace
}  // namespace stint
