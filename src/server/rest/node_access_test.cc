// What a node may do: its own Node, lease and pods, and what its pods name.
#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;

class NodeAccessTest : public RestTest {
 protected:
  NodeAccessTest() {
    made(post("/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"other"}})"));
    made(post("/api/v1/nodes", R"({"metadata":{"name":"mine"}})"));
    made(post("/api/v1/nodes", R"({"metadata":{"name":"yours"}})"));
    made_pod("on-mine", "mine",
             R"("env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"my-map","key":"a"}}}],)"
             R"("envFrom":[{"secretRef":{"name":"my-secret"}}])");
    made_pod("on-yours", "yours", R"("envFrom":[{"secretRef":{"name":"your-secret"}},{"configMapRef":{"name":"your-map"}}])");
    for (const char* name : {"my-secret", "your-secret"}) {
      made(post("/api/v1/namespaces/default/secrets", R"({"metadata":{"name":")" + std::string(name) + R"("}})"));
    }
    made(post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"my-map"}})"));
  }

  static void made(const Response& response) { EXPECT_EQ(response->code, 201) << response->text; }
  void made_pod(const std::string& name, const std::string& node, const std::string& container) {
    made(post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":")" + name + R"("},"spec":{"nodeName":")" + node +
                                                     R"(","containers":[{"name":"c","image":"i",)" + container + "}]}}"));
  }
  // As the node `mine`.
  Response ask(std::string method, std::string target, std::string body = "", std::string content_type = "application/json") {
    return send(
        std::move(method), std::move(target), std::move(body),
        {{"Impersonate-User", "system:node:mine"}, {"Impersonate-Group", "system:nodes"}, {"Content-Type", std::move(content_type)}});
  }
  int code_of(std::string target) { return ask("GET", std::move(target))->code; }
  static std::string message(const Response& response) {
    return std::string(json::parse(response->text).value_or(json::Value()).string_at("message"));
  }
};

constexpr char kMerge[] = "application/merge-patch+json";

TEST_F(NodeAccessTest, ReadsWhatItsPodsName) {
  EXPECT_EQ(code_of("/api/v1/namespaces/default/secrets/my-secret"), 200);
  EXPECT_EQ(code_of("/api/v1/namespaces/default/configmaps/my-map"), 200);
  EXPECT_EQ(code_of("/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dmy-secret"), 200);
  EXPECT_EQ(message(ask("GET", "/api/v1/namespaces/default/secrets/your-secret")),
            R"(secrets "your-secret" is forbidden: User "system:node:mine" cannot get resource "secrets" in API group "" in the )"
            R"(namespace "default": no relationship found between node 'mine' and this object)");
  EXPECT_EQ(code_of("/api/v1/namespaces/default/secrets"), 403);
  EXPECT_EQ(code_of("/api/v1/secrets"), 403);
}

TEST_F(NodeAccessTest, SeesItsOwnPodsAndItself) {
  EXPECT_EQ(code_of("/api/v1/pods?fieldSelector=spec.nodeName%3Dmine"), 200);
  EXPECT_EQ(code_of("/api/v1/pods?fieldSelector=spec.nodeName%3Dyours"), 403);
  EXPECT_EQ(code_of("/api/v1/pods"), 403);
  // No more than what it looks like may open a list: this is one term, which every pod meets.
  EXPECT_EQ(code_of("/api/v1/pods?fieldSelector=metadata.name%21%3Da%5C%2Cspec.nodeName%3Dmine"), 403);
  EXPECT_EQ(code_of("/api/v1/namespaces/default/secrets?fieldSelector=metadata.namespace%21%3Da%5C%2Cmetadata.name%3Dmy-secret"), 403);
  EXPECT_EQ(code_of("/api/v1/namespaces/default/pods/on-mine"), 200);
  EXPECT_EQ(code_of("/api/v1/namespaces/default/pods/on-yours"), 403);
  EXPECT_EQ(code_of("/api/v1/nodes/mine"), 200);
  EXPECT_EQ(code_of("/api/v1/nodes/yours"), 403);
  EXPECT_EQ(code_of("/api/v1/services"), 200);
  EXPECT_EQ(code_of("/apis/batch/v1/jobs"), 403);
}

TEST_F(NodeAccessTest, WritesTheStatusOfItsOwnPodsAlone) {
  const std::string status = R"({"status":{"phase":"Running"}})";
  EXPECT_EQ(ask("PATCH", "/api/v1/namespaces/default/pods/on-mine/status", status, kMerge)->code, 200);
  EXPECT_EQ(message(ask("PATCH", "/api/v1/namespaces/default/pods/on-yours/status", status, kMerge)),
            R"(pods "on-yours" is forbidden: node "mine" can only update pod status for pods with spec.nodeName set to itself)");
  const std::string labels = R"({"metadata":{"labels":{"a":"b"}}})";
  EXPECT_EQ(ask("PATCH", "/api/v1/namespaces/default/pods/on-mine/status", labels, kMerge)->code, 403);
  EXPECT_EQ(ask("PATCH", "/api/v1/namespaces/default/pods/on-mine", labels, kMerge)->code, 403);
  EXPECT_EQ(ask("DELETE", "/api/v1/namespaces/default/pods/on-yours")->code, 403);
  EXPECT_EQ(ask("DELETE", "/api/v1/namespaces/default/pods/on-mine")->code, 200);
}

TEST_F(NodeAccessTest, MakesNoPodsButMirrors) {
  const auto refused = ask("POST", "/api/v1/namespaces/default/pods",
                           R"({"metadata":{"name":"p"},"spec":{"nodeName":"mine","containers":[{"name":"c","image":"i"}]}})");
  EXPECT_EQ(message(refused), R"(pods "p" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "mine" can only )"
                              "create mirror pods");
  const std::string uid(json::parse(get("/api/v1/nodes/mine")->text)->find("metadata")->string_at("uid"));
  const auto mirror = [&](const std::string& owner) {
    return ask("POST", "/api/v1/namespaces/default/pods",
               R"({"metadata":{"name":"p","annotations":{"kubernetes.io/config.mirror":"x"},"ownerReferences":[{"apiVersion":"v1","kind":)"
               R"("Node","controller":true,"name":"mine","uid":")" +
                   owner +
                   R"("}]},"spec":{"nodeName":"mine","containers":[{"name":"c",)"
                   R"("image":"i"}]}})");
  };
  EXPECT_EQ(mirror("another")->code, 403);
  const auto answer = mirror(uid);
  EXPECT_EQ(answer->code, 201) << answer->text;
  EXPECT_EQ(answer->text.find("serviceAccountName"), std::string::npos);
}

TEST_F(NodeAccessTest, ChangesItselfButNeitherTaintsNorLabelsThatKeepPodsAway) {
  EXPECT_EQ(ask("PATCH", "/api/v1/nodes/mine", R"({"metadata":{"labels":{"plain":"x","kubernetes.io/os":"linux"}}})", kMerge)->code, 200);
  EXPECT_EQ(message(ask("PATCH", "/api/v1/nodes/mine", R"({"metadata":{"labels":{"node-restriction.kubernetes.io/a":"x"}}})", kMerge)),
            R"(nodes "mine" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/a)");
  EXPECT_EQ(ask("PATCH", "/api/v1/nodes/mine", R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}})", kMerge)->code, 403);
  EXPECT_EQ(ask("PATCH", "/api/v1/nodes/yours", R"({"metadata":{"labels":{"plain":"x"}}})", kMerge)->code, 403);
  EXPECT_EQ(ask("PATCH", "/api/v1/nodes/yours/status", R"({"status":{"nodeInfo":{}}})", kMerge)->code, 403);
}

TEST_F(NodeAccessTest, HoldsALeaseAndTellsDriversUnderItsOwnName) {
  const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const std::string drivers = "/apis/storage.k8s.io/v1/csinodes";
  EXPECT_EQ(ask("POST", leases, R"({"metadata":{"name":"mine"}})")->code, 201);
  EXPECT_EQ(ask("POST", leases, R"({"metadata":{"name":"yours"}})")->code, 403);
  EXPECT_EQ(code_of(leases + "/mine"), 200);
  EXPECT_EQ(code_of(leases + "/yours"), 403);
  EXPECT_EQ(ask("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", R"({"metadata":{"name":"mine"}})")->code, 403);
  EXPECT_EQ(ask("POST", drivers, R"({"metadata":{"name":"mine"},"spec":{"drivers":[]}})")->code, 201);
  EXPECT_EQ(ask("POST", drivers, R"({"metadata":{"name":"yours"},"spec":{"drivers":[]}})")->code, 403);
}

TEST_F(NodeAccessTest, AsksForTokensOfItsPodsAlone) {
  const std::string uid(json::parse(get("/api/v1/namespaces/default/pods/on-mine")->text)->find("metadata")->string_at("uid"));
  const auto token = [this](const std::string& account, const std::string& reference) {
    return ask("POST", "/api/v1/namespaces/default/serviceaccounts/" + account + "/token", R"({"spec":{)" + reference + "}}");
  };
  const auto bound_to = [](const std::string& pod, const std::string& id) {
    return R"("boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":")" + pod + R"(","uid":")" + id + R"("})";
  };
  EXPECT_EQ(token("default", bound_to("on-mine", uid))->code, 201);
  EXPECT_EQ(token("default", bound_to("on-mine", "another"))->code, 403);
  EXPECT_EQ(token("default", "")->code, 403);
  EXPECT_EQ(token("other", bound_to("on-mine", uid))->code, 403);
}

TEST_F(NodeAccessTest, ClearsWhatAnEarlierLifeToldOfItsDevices) {
  const std::string slices = "/apis/resource.k8s.io/v1/resourceslices";
  EXPECT_EQ(ask("DELETE", slices + "?fieldSelector=spec.nodeName%3Dmine")->code, 200);
  EXPECT_EQ(ask("DELETE", slices)->code, 403);
}

}  // namespace
}  // namespace stint
