#include "server/rest/rest.h"

#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;
using rest::ShareLimits;

constexpr std::string_view kJob =
    R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"pi"},"spec":{"template":{"spec":{"restartPolicy":"Never",)"
    R"("containers":[{"name":"c","image":"busybox"}]}}}})";

TEST_F(RestTest, CreatesAJobAndGetsItBack) {
  auto created = post("/apis/batch/v1/namespaces/default/jobs", kJob);
  EXPECT_EQ(created->code, 201) << created->text;
  EXPECT_EQ(created->header("Content-Type"), "application/json");
  EXPECT_FALSE(created->header("Audit-Id").empty());
  EXPECT_EQ(created->header("Cache-Control"), "no-cache, private");

  auto got = get("/apis/batch/v1/namespaces/default/jobs/pi");
  EXPECT_EQ(got->code, 200);
  EXPECT_TRUE(got->text.starts_with(R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"pi")")) << got->text;
  EXPECT_TRUE(got->text.ends_with("}\n"));
}

TEST_F(RestTest, ListsKindsOfWhichThereAreNone) {
  auto listed = get("/apis/apps/v1/namespaces/default/deployments");
  EXPECT_EQ(listed->code, 200);
  EXPECT_TRUE(listed->text.starts_with(R"({"kind":"DeploymentList","apiVersion":"apps/v1")")) << listed->text;
  EXPECT_TRUE(listed->text.ends_with("\"items\":[]}\n")) << listed->text;
  EXPECT_EQ(get("/apis/storage.k8s.io/v1/csinodes")->code, 200);
  EXPECT_EQ(get("/apis/storage.k8s.io/v1/csinodes/a")->code, 404);
}

TEST_F(RestTest, ChecksADeploymentBeforeItIsRefused) {
  const std::string path = "/apis/apps/v1/namespaces/default/deployments";
  auto unknown = post(path + "?fieldValidation=Strict", R"({"metadata":{"name":"d"},"spec":{"odd":1,"replicas":2}})");
  EXPECT_EQ(unknown->code, 400);
  EXPECT_NE(unknown->text.find(R"(unknown field \"spec.odd\")"), std::string::npos) << unknown->text;
  auto refused = post(path, R"({"metadata":{"name":"d"},"spec":{"replicas":2}})");
  EXPECT_EQ(refused->code, 405);
  EXPECT_NE(refused->text.find("MethodNotAllowed"), std::string::npos) << refused->text;
}

TEST_F(RestTest, ListsItemsWithoutTheirTypeLine) {
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"b"}})");
  auto listed = get("/api/v1/namespaces/default/configmaps");
  EXPECT_EQ(listed->code, 200);
  json::Value list = json::parse(listed->text).value();
  EXPECT_EQ(list.string_at("kind"), "ConfigMapList");
  EXPECT_EQ(list.string_at("apiVersion"), "v1");
  EXPECT_FALSE(list.find("metadata")->string_at("resourceVersion").empty());
  bool found = false;
  for (const json::Value& item : list.find("items")->as_array()) {
    EXPECT_EQ(item.find("kind"), nullptr);
    found |= item.find("metadata")->string_at("name") == "b";
  }
  EXPECT_TRUE(found);
}

TEST_F(RestTest, ListsInProtobufAreReadBack) {
  for (std::string name : {"a", "b", "c"}) {
    post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":")" + name + R"("},"data":{"k":"v"}})");
  }
  const auto listed = get("/api/v1/namespaces/default/configmaps", {{"Accept", "application/vnd.kubernetes.protobuf"}});
  EXPECT_EQ(listed->header("Content-Type"), "application/vnd.kubernetes.protobuf");
  const auto envelope = decode_envelope(listed->text);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(envelope->kind, "ConfigMapList");
  corev1::ConfigMapList list;
  ASSERT_TRUE(list.ParseFromString(envelope->raw));
  EXPECT_FALSE(list.metadata().resourceversion().empty());
  ASSERT_GE(list.items_size(), 3);
  EXPECT_EQ(list.items(0).metadata().name(), "a");
  EXPECT_EQ(list.items(0).data().at("k"), "v");
}

TEST_F(RestTest, LargeAnswersAreCompressedForClientsElsewhere) {
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"},"data":{"k":")" + std::string(200'000, 'x') + R"("}})");
  const std::string path = "/api/v1/namespaces/default/configmaps/a";
  const auto packed = get(path, {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed->header("Content-Encoding"), "gzip");
  EXPECT_EQ(packed->header("Vary"), "Accept-Encoding");
  EXPECT_LT(packed->text.size(), 10'000u);
  EXPECT_EQ(get(path)->header("Content-Encoding"), "");
  EXPECT_EQ(get("/api/v1/namespaces/default", {{"Accept-Encoding", "gzip"}})->header("Content-Encoding"), "");
}

TEST_F(RestTest, WhoHasTooManyWatchesIsToldToComeAgain) {
  Scope scope(loop_);
  const std::string path = "/api/v1/namespaces/default/configmaps?watch=true";
  for (size_t i = 0; i < ShareLimits().streams_per_user_max; ++i) open(path, scope);
  const auto refused = open(path, scope);
  EXPECT_EQ(refused->code, 429);
  EXPECT_EQ(refused->text, "Too many requests, please try again later.\n");
  EXPECT_EQ(refused->header("Retry-After"), "1");
  EXPECT_EQ(get("/api/v1/namespaces/default/configmaps")->code, 200);
}

// Takes its answer when told to.
class SlowResponse : public rest::RecordedResponse {
 public:
  explicit SlowResponse(Loop& loop) : takes(loop) {}
  Task<bool> send(int status, http::Headers headers, http::Body body) override {
    co_await takes.wait();
    co_return co_await RecordedResponse::send(status, std::move(headers), std::move(body));
  }
  Event takes;
};

TEST_F(RestTest, ARequestKeepsItsPlaceUntilItsAnswerIsSent) {
  handler_ = std::make_unique<RestHandler>(loop_, *server_, RestOptions{.share = {.running_max = 1}});
  SlowResponse slow(loop_);
  Scope scope(loop_);
  scope.spawn(handler_->handle(make_request("GET", "/version", "", {{"Authorization", "Bearer secret"}}), slow));
  const auto next = open("/api/v1/namespaces/default", scope);
  EXPECT_FALSE(next->ended);
  slow.takes.set();
  loop_.run_ready();
  EXPECT_TRUE(slow.ended);
  EXPECT_EQ(next->code, 200);
}

TEST_F(RestTest, AnEmptyListIsAListAndNotNull) {
  auto listed = get("/apis/batch/v1/namespaces/default/cronjobs");
  EXPECT_NE(listed->text.find(R"("items":[])"), std::string::npos) << listed->text;
}

TEST_F(RestTest, MissingObjectsAreStatusObjects) {
  auto missing = get("/apis/batch/v1/namespaces/default/jobs/nope");
  EXPECT_EQ(missing->code, 404);
  EXPECT_EQ(missing->text,
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"jobs.batch \"nope\" not found",)"
            R"("reason":"NotFound","details":{"name":"nope","group":"batch","kind":"jobs"},"code":404})"
            "\n");
}

TEST_F(RestTest, WhatNoGroupServesIsPlainText) {
  for (std::string path : {"/apis/example.com/v1/namespaces/default/things", "/nonsense", "/apis/example.com"}) {
    auto missing = get(path);
    EXPECT_EQ(missing->code, 404) << path;
    EXPECT_EQ(missing->text, "404 page not found\n") << path;
  }
}

TEST_F(RestTest, WhatAServedGroupDoesNotHaveIsAStatus) {
  for (std::string path : {"/api/v1/namespaces/default/pods/p/proxies", "/apis/batch/v1/namespaces/default/jobs/j/status/more",
                           "/api/v1/namespaces/default/nodes", "/api/v2", "/apis/batch/v9/things"}) {
    auto missing = get(path);
    EXPECT_EQ(missing->code, 404) << path;
    EXPECT_EQ(missing->text, R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
                             R"("message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404})"
                             "\n")
        << path;
  }
}

TEST_F(RestTest, MethodsThatAPathDoesNotHaveAre405) {
  EXPECT_EQ(post("/apis/batch/v1/jobs", kJob)->code, 405);
  EXPECT_EQ(post("/apis/batch/v1/namespaces/default/jobs/pi", kJob)->code, 405);
  EXPECT_EQ(send("DELETE", "/api/v1/namespaces", "")->code, 405);
  EXPECT_EQ(send("PUT", "/apis/batch/v1/namespaces/default/jobs", std::string(kJob))->code, 405);
  EXPECT_EQ(send("HEAD", "/apis/batch/v1/namespaces/default/jobs", "")->code, 405);
  EXPECT_EQ(post("/version", "{}")->code, 405);
  EXPECT_EQ(post("/healthz", "{}")->code, 200);
  EXPECT_EQ(send("DELETE", "/apis", "")->code, 200);
}

TEST_F(RestTest, DeleteReadsItsOptionsFromTheBody) {
  post("/apis/batch/v1/namespaces/default/jobs", kJob);
  auto deleted = send("DELETE", "/apis/batch/v1/namespaces/default/jobs/pi", R"({"propagationPolicy":"Background"})");
  EXPECT_EQ(deleted->code, 200);
  json::Value status = json::parse(deleted->text).value();
  EXPECT_EQ(status.string_at("status"), "Success");
  EXPECT_EQ(status.find("details")->string_at("kind"), "jobs");
  EXPECT_EQ(status.find("details")->string_at("group"), "batch");
  EXPECT_EQ(status.find("code"), nullptr);
}

TEST_F(RestTest, DeleteRefusesTwoWaysToSayWhatBecomesOfDependents) {
  auto refused =
      send("DELETE", "/apis/batch/v1/namespaces/default/jobs/pi", R"({"propagationPolicy":"Background","orphanDependents":true})");
  EXPECT_EQ(refused->code, 422);
  EXPECT_NE(refused->text.find(R"(DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Background\": )"),
            std::string::npos)
      << refused->text;
}

TEST_F(RestTest, StrictValidationRefusesUnknownFieldsAndWarnNamesThem) {
  constexpr std::string_view kBody = R"({"metadata":{"name":"a"},"nope":1})";
  auto refused = post("/api/v1/namespaces/default/configmaps?fieldValidation=Strict", kBody);
  EXPECT_EQ(refused->code, 400);
  EXPECT_NE(refused->text.find(R"(strict decoding error: unknown field \"nope\")"), std::string::npos) << refused->text;
  auto warned = post("/api/v1/namespaces/default/configmaps", kBody);
  EXPECT_EQ(warned->code, 201);
  EXPECT_EQ(warned->header("Warning"), R"(299 - "unknown field \"nope\"")");
}

TEST_F(RestTest, DryRunHasOneValue) {
  auto refused = post("/api/v1/namespaces/default/configmaps?dryRun=yes", R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(refused->code, 422);
  EXPECT_NE(refused->text.find(R"(dryRun: Unsupported value: [\"yes\"]: supported values: \"All\")"), std::string::npos) << refused->text;
  EXPECT_EQ(post("/api/v1/namespaces/default/configmaps?dryRun=All", R"({"metadata":{"name":"a"}})")->code, 201);
  EXPECT_EQ(get("/api/v1/namespaces/default/configmaps/a")->code, 404);
}

TEST_F(RestTest, YamlAndProtobufBodiesAreRead) {
  auto yaml = send("POST", "/api/v1/namespaces/default/configmaps", "metadata:\n  name: from-yaml\ndata:\n  k: v\n",
                   {{"Content-Type", "application/yaml"}});
  EXPECT_EQ(yaml->code, 201) << yaml->text;
  corev1::ConfigMap map = config_map("p");
  auto protobuf = send("POST", "/api/v1/namespaces/default/configmaps", encode_envelope("v1", "ConfigMap", map),
                       {{"Content-Type", "application/vnd.kubernetes.protobuf"}});
  EXPECT_EQ(protobuf->code, 201) << protobuf->text;
}

TEST_F(RestTest, UnknownBodyTypesAre415WithTheKnownOnes) {
  auto refused = send("POST", "/api/v1/namespaces/default/configmaps", "x", {{"Content-Type", "application/cbor"}});
  EXPECT_EQ(refused->code, 415);
  EXPECT_NE(refused->text.find("the body of the request was in an unknown format - accepted media types include: application/json, "
                               "application/yaml, application/vnd.kubernetes.protobuf"),
            std::string::npos);
  auto patch = send("PATCH", "/api/v1/namespaces/default/configmaps/a", "{}", {{"Content-Type", "application/json"}});
  EXPECT_EQ(patch->code, 415);
  EXPECT_NE(patch->text.find(R"("message":"415: Unsupported Media Type","reason":"UnsupportedMediaType","details":{},"code":415)"),
            std::string::npos)
      << patch->text;
}

TEST_F(RestTest, BodiesOverTheLimitAre413) {
  auto refused = post("/api/v1/namespaces/default/configmaps", std::string(json::kBodyBytesMax + 1, ' '));
  EXPECT_EQ(refused->code, 413);
  EXPECT_NE(refused->text.find("Request entity too large: limit is 3145728"), std::string::npos);
}

TEST_F(RestTest, MergePatchChangesAnObject) {
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  auto patched = send("PATCH", "/api/v1/namespaces/default/configmaps/a", R"({"data":{"k":"w"}})",
                      {{"Content-Type", "application/merge-patch+json; charset=utf-8"}});
  EXPECT_EQ(patched->code, 200) << patched->text;
  EXPECT_NE(patched->text.find(R"("data":{"k":"w"})"), std::string::npos);
}

TEST_F(RestTest, ProtobufAnswersHoldTheSameObject) {
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  auto one = get("/api/v1/namespaces/default/configmaps/a", {{"Accept", "application/vnd.kubernetes.protobuf,application/json"}});
  EXPECT_EQ(one->header("Content-Type"), "application/vnd.kubernetes.protobuf");
  Envelope envelope = decode_envelope(one->text).value();
  EXPECT_EQ(envelope.kind, "ConfigMap");
  corev1::ConfigMap map;
  ASSERT_TRUE(map.ParseFromString(envelope.raw));
  EXPECT_EQ(map.data().at("k"), "v");

  auto many = get("/api/v1/namespaces/default/configmaps", {{"Accept", "application/vnd.kubernetes.protobuf"}});
  Envelope list = decode_envelope(many->text).value();
  EXPECT_EQ(list.kind, "ConfigMapList");
  corev1::ConfigMapList parsed;
  ASSERT_TRUE(parsed.ParseFromString(list.raw));
  EXPECT_GE(parsed.items_size(), 1);
  EXPECT_FALSE(parsed.metadata().resourceversion().empty());
}

TEST_F(RestTest, CurlGetsIndentedJson) {
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})");
  auto pretty = get("/api/v1/namespaces/default/configmaps/a", {{"User-Agent", "curl/7.88.1"}});
  EXPECT_TRUE(pretty->text.starts_with("{\n  \"kind\": \"ConfigMap\",\n")) << pretty->text;
  EXPECT_TRUE(pretty->text.ends_with("\n}"));
  auto compact = get("/api/v1/namespaces/default/configmaps/a?pretty=false", {{"User-Agent", "curl/7.88.1"}});
  EXPECT_TRUE(compact->text.starts_with("{\"kind\":"));
}

TEST_F(RestTest, UnknownAcceptIs406) {
  auto refused = get("/api/v1/namespaces/default/configmaps", {{"Accept", "image/png"}});
  EXPECT_EQ(refused->code, 406);
  EXPECT_NE(refused->text.find("406: Not Acceptable\\n\\nAvailable representations: application/json, application/yaml, "),
            std::string::npos)
      << refused->text;
  EXPECT_NE(refused->text.find("application/json;stream=watch"), std::string::npos) << refused->text;
  auto other_shape = get("/api/v1/namespaces/default/configmaps", {{"Accept", "application/json;as=Table;v=v2;g=meta.k8s.io"}});
  EXPECT_EQ(other_shape->code, 406);
  EXPECT_NE(other_shape->text.find("only the following media types are accepted: application/json, "), std::string::npos);
}

TEST_F(RestTest, PartialMetadataIsOfAListExactlyWhenTheAnswerIsOne) {
  post("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})");
  const std::string list = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
  auto one = get("/api/v1/namespaces/default/configmaps/a", {{"Accept", list}});
  EXPECT_EQ(one->code, 406);
  EXPECT_NE(one->text.find("you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)"),
            std::string::npos)
      << one->text;
  auto many = get("/apis/batch/v1/jobs", {{"Accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}});
  EXPECT_NE(many->text.find("you requested PartialObjectMetadata, but the requested object is a list (*batch.JobList)"), std::string::npos)
      << many->text;
  EXPECT_NE(get("/apis/batch/v1/jobs", {{"Accept", list}})->text.find(R"("items":null})"), std::string::npos);
}

TEST_F(RestTest, ErrorsHaveTheFormThatTheClientTakes) {
  const std::string path = "/api/v1/namespaces/default/configmaps/nope";
  auto yaml = get(path, {{"Accept", "application/yaml"}});
  EXPECT_EQ(yaml->header("Content-Type"), "application/yaml");
  EXPECT_NE(yaml->text.find("\nreason: NotFound\n"), std::string::npos) << yaml->text;
  auto wire = get(path, {{"Accept", "application/vnd.kubernetes.protobuf"}});
  EXPECT_EQ(wire->header("Content-Type"), "application/vnd.kubernetes.protobuf");
  EXPECT_EQ(decode_envelope(wire->text)->kind, "Status");
  auto table = get(path, {{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  EXPECT_EQ(json::parse(table->text)->string_at("kind"), "Status");
}

TEST_F(RestTest, NamespacesAreAddressedByTheirOwnSegment) {
  EXPECT_EQ(post("/api/v1/namespaces", R"({"metadata":{"name":"team"}})")->code, 201);
  EXPECT_EQ(get("/api/v1/namespaces/team")->code, 200);
  EXPECT_EQ(get("/api/v1/namespaces/team/status")->code, 200);
  auto deleted = send("DELETE", "/api/v1/namespaces/team", "");
  EXPECT_EQ(deleted->code, 200);
  EXPECT_NE(deleted->text.find("Terminating"), std::string::npos);
  auto finalized = send("PUT", "/api/v1/namespaces/team/finalize",
                        R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"team"},"spec":{"finalizers":[]}})");
  EXPECT_EQ(finalized->code, 200) << finalized->text;
  EXPECT_EQ(get("/api/v1/namespaces/team")->code, 404);
}

TEST_F(RestTest, PodsAreBoundThroughTheirSubresource) {
  post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  auto bound = post("/api/v1/namespaces/default/pods/p/binding",
                    R"({"kind":"Binding","apiVersion":"v1","metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}})");
  EXPECT_EQ(bound->code, 201) << bound->text;
  EXPECT_NE(bound->text.find(R"("status":"Success")"), std::string::npos);
  EXPECT_NE(get("/api/v1/namespaces/default/pods/p")->text.find(R"("nodeName":"n")"), std::string::npos);
}

TEST_F(RestTest, MalformedTimeoutsAre400) {
  EXPECT_EQ(get("/api/v1/namespaces/default/configmaps?timeout=soon")->code, 400);
  EXPECT_EQ(get("/api/v1/namespaces/default/configmaps?timeout=32s")->code, 200);
}

}  // namespace
}  // namespace stint
