#include "server/rest/documents.h"

#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;
using DocumentsTest = RestTest;

constexpr std::string_view kAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

TEST_F(DocumentsTest, VersionParsesAsSemanticVersion) {
  json::Value version = json::parse(get("/version")->text).value();
  EXPECT_EQ(version.string_at("major"), "1");
  EXPECT_EQ(version.string_at("minor"), "37");
  EXPECT_EQ(version.string_at("minCompatibilityMinor"), "36");
  EXPECT_EQ(version.string_at("gitVersion"), "v1.37.2+stint." STINT_VERSION);
}

TEST_F(DocumentsTest, PlainDiscoveryNamesTheServer) {
  EXPECT_EQ(
      get("/api")->text,
      R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{"clientCIDR":"0.0.0.0/0","serverAddress":"127.0.0.1:6443"}]})"
      "\n");
  EXPECT_EQ(get("/apis/batch/v1?timeout=32s")->code, 200);
  EXPECT_EQ(json::parse(get("/apis/batch/v2")->text)->string_at("reason"), "NotFound");
  EXPECT_EQ(get("/apis/example.com")->code, 404);
}

TEST_F(DocumentsTest, AggregatedDiscoveryRepeatsItsMediaType) {
  for (std::string path : {"/api", "/apis?timeout=32s"}) {
    auto found = get(path, {{"Accept", std::string(kAggregated) + ",application/json"}});
    EXPECT_EQ(found->header("Content-Type"), kAggregated);
    EXPECT_EQ(found->header("Vary"), "Accept");
    EXPECT_EQ(found->header("Cache-Control"), "public");
    EXPECT_EQ(json::parse(found->text)->string_at("kind"), "APIGroupDiscoveryList");
  }
}

TEST_F(DocumentsTest, TheOldAggregatedVersionGetsPlainDiscovery) {
  auto found = get("/apis", {{"Accept", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"}});
  EXPECT_EQ(found->header("Content-Type"), "application/json");
  EXPECT_EQ(json::parse(found->text)->string_at("kind"), "APIGroupList");
}

TEST_F(DocumentsTest, AKnownEntityTagSavesTheBody) {
  auto first = get("/apis", {{"Accept", std::string(kAggregated)}});
  std::string tag(first->header("ETag"));
  EXPECT_EQ(tag.size(), 130u);  // quoted hexadecimal SHA-512
  auto again = get("/apis", {{"Accept", std::string(kAggregated)}, {"If-None-Match", tag}});
  EXPECT_EQ(again->code, 304);
  EXPECT_EQ(again->text, "");
}

TEST_F(DocumentsTest, OpenApiIsCachedByHash) {
  json::Value index = json::parse(get("/openapi/v3")->text).value();
  std::string url(index.find("paths")->find("apis/batch/v1")->string_at("serverRelativeURL"));
  ASSERT_TRUE(url.starts_with("/openapi/v3/apis/batch/v1?hash=")) << url;
  auto document = get(url);
  EXPECT_EQ(document->code, 200);
  EXPECT_EQ(document->header("Cache-Control"), "public, immutable");
  EXPECT_FALSE(document->header("Expires").empty());
  auto moved = get("/openapi/v3/apis/batch/v1?hash=OLD");
  EXPECT_EQ(moved->code, 301);
  EXPECT_EQ(moved->header("Location"), url);
  auto missing = get("/openapi/v3/apis/example.com/v1");
  EXPECT_EQ(missing->code, 404);
  EXPECT_EQ(missing->text, "");
}

TEST_F(DocumentsTest, OlderClientsGetVersionTwoInProtobuf) {
  auto found = get("/openapi/v2", {{"Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}});
  EXPECT_EQ(found->code, 200);
  EXPECT_EQ(found->header("Content-Type"), "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  EXPECT_EQ(get("/openapi/v3/api/v1", {{"Accept", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"}})->code, 406);
  EXPECT_EQ(get("/openapi/v3", {{"Accept", "text/csv"}})->header("Content-Type"), "text/plain; charset=utf-8");
}

TEST_F(DocumentsTest, HealthIsTerseUnlessAsked) {
  EXPECT_EQ(get("/readyz")->text, "ok");
  EXPECT_EQ(get("/readyz?verbose")->text, "[+]ping ok\n[+]store ok\nreadyz check passed\n");
  EXPECT_EQ(get("/livez/store")->text, "ok");
  EXPECT_EQ(get("/livez/store")->header("X-Content-Type-Options"), "");
  EXPECT_EQ(get("/livez/nope")->code, 404);
}

TEST_F(DocumentsTest, AFailingCheckFailsHealthUnlessExcluded) {
  store_health_ = fail(Reason::kNone, "disk full");
  auto failing = get("/livez");
  EXPECT_EQ(failing->code, 500);
  EXPECT_EQ(failing->text, "[+]ping ok\n[-]store failed: reason withheld\nlivez check failed\n");
  EXPECT_EQ(get("/livez?exclude=store")->text, "ok");
  EXPECT_EQ(get("/livez?verbose&exclude=store&exclude=x")->text,
            "[+]ping ok\n[+]store excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"x\"\nlivez check passed\n");
}

TEST_F(DocumentsTest, NobodyKnownSeesHealthAndVersionOnly) {
  EXPECT_EQ(send_as_is("GET", "/livez")->code, 200);
  EXPECT_EQ(send_as_is("GET", "/version")->code, 200);
  auto refused = send_as_is("GET", "/apis");
  EXPECT_EQ(refused->code, 403);
  EXPECT_NE(refused->text.find(R"(forbidden: User \"system:anonymous\" cannot get path \"/apis\")"), std::string::npos) << refused->text;
  auto pods = send_as_is("GET", "/api/v1/namespaces/default/pods/p/log");
  EXPECT_EQ(pods->code, 403);
  EXPECT_NE(pods->text.find(R"(pods \"p\" is forbidden: User \"system:anonymous\" cannot get resource \"pods/log\" in API group \"\" )"
                            R"(in the namespace \"default\")"),
            std::string::npos)
      << pods->text;
}

TEST_F(DocumentsTest, AWrongTokenIs401EvenForHealth) {
  auto refused = send_as_is("GET", "/livez", "", {{"Authorization", "Bearer wrong"}});
  EXPECT_EQ(refused->code, 401);
  EXPECT_EQ(json::parse(refused->text)->string_at("reason"), "Unauthorized");
}

TEST_F(DocumentsTest, KnownUsersDiscoverButDoNotReadMetrics) {
  http::Headers guest{{"Authorization", "Bearer weak"}};
  EXPECT_EQ(send_as_is("GET", "/apis", "", guest)->code, 200);
  EXPECT_EQ(send_as_is("GET", "/metrics", "", guest)->code, 403);
  EXPECT_EQ(send_as_is("GET", "/api/v1/namespaces/default/pods", "", guest)->code, 403);
}

TEST_F(DocumentsTest, AClientCertificateNamesTheUser) {
  http::Request request = make_request("GET", "/api/v1/namespaces/default/pods", "", {});
  request.peer_common_name = "admin";
  request.peer_organizations = {"system:masters"};
  rest::RecordedResponse response;
  Scope scope(loop_);
  scope.spawn(handler_->handle(request, response));
  loop_.run_ready();
  EXPECT_EQ(response.code, 200) << response.text;
}

TEST_F(DocumentsTest, MetricsCountRequestsByVerbResourceAndCode) {
  get("/api/v1/namespaces/default/configmaps");
  get("/api/v1/namespaces/default/configmaps/none");
  std::string metrics = get("/metrics")->text;
  EXPECT_NE(metrics.find(R"(apiserver_request_total{code="200",group="",resource="configmaps",subresource="",verb="LIST"} 1)"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find(R"(apiserver_request_total{code="404",group="",resource="configmaps",subresource="",verb="GET"} 1)"),
            std::string::npos);
  EXPECT_NE(metrics.find(R"(apiserver_request_duration_seconds_count{resource="configmaps",verb="LIST"} 1)"), std::string::npos);
  EXPECT_NE(metrics.find(R"(apiserver_current_inflight_requests{request_kind="readOnly"} 1)"), std::string::npos) << "this one";
  for (const char* name :
       {"process_resident_memory_bytes ", "process_cpu_seconds_total ", "process_start_time_seconds 1", "process_open_fds "}) {
    EXPECT_NE(metrics.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace stint
