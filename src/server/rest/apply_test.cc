#include "server/rest/rest_testing.h"

namespace stint {
namespace {

class ApplyRequest : public rest::RestTest {
 protected:
  static constexpr std::string_view kMap = "/api/v1/namespaces/default/configmaps/a";
  static constexpr std::string_view kConfiguration = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n";

  Response apply(std::string query, std::string_view body = kConfiguration) {
    return send("PATCH", std::string(kMap) + "?" + query, std::string(body), {{"Content-Type", "application/apply-patch+yaml"}});
  }
  static std::string message(const Response& response) { return std::string(json::parse(response->text).value().string_at("message")); }
};

TEST_F(ApplyRequest, CreatesAndThenMerges) {
  EXPECT_EQ(apply("fieldManager=me")->code, 201);
  auto merged = apply("fieldManager=me", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"w"}})");
  EXPECT_EQ(merged->code, 200) << merged->text;
  EXPECT_NE(merged->text.find(R"("managedFields":[{"manager":"me","operation":"Apply","apiVersion":"v1","time":"2027-01-15T08:00:00Z",)"
                              R"("fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:k":{}}}}])"),
            std::string::npos)
      << merged->text;
}

TEST_F(ApplyRequest, AnswersConflictsWithTheirFields) {
  post("/api/v1/namespaces/default/configmaps?fieldManager=other", R"({"metadata":{"name":"a"},"data":{"k":"x","l":"x"}})");
  auto refused = apply("fieldManager=me");
  EXPECT_EQ(refused->code, 409);
  EXPECT_EQ(refused->text,
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
            R"("message":"Apply failed with 1 conflict: conflict with \"other\" using v1: .data.k","reason":"Conflict",)"
            R"("details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"other\" using v1","field":".data.k"}]},)"
            R"("code":409})"
            "\n");
  EXPECT_EQ(apply("fieldManager=me&force=true")->code, 200);
}

TEST_F(ApplyRequest, NeedsAFieldManager) {
  auto refused = apply("");
  EXPECT_EQ(refused->code, 422);
  EXPECT_EQ(message(refused), "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
  EXPECT_EQ(message(apply("fieldManager=a%07")),
            R"(PatchOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\a": invalid character U+0007 (at position 1))");
}

TEST_F(ApplyRequest, IsTheOnlyPatchThatMayBeForced) {
  auto refused = send("PATCH", std::string(kMap) + "?force=true", "{}", {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(message(refused), "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch");
}

TEST_F(ApplyRequest, StoresNothingInADryRun) {
  EXPECT_EQ(apply("fieldManager=me&dryRun=All")->code, 201);
  EXPECT_EQ(get(std::string(kMap))->code, 404);
}

TEST_F(ApplyRequest, SaysWhatIsWrongWithTheConfiguration) {
  EXPECT_EQ(message(apply("fieldManager=me", "[1]")),
            "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type "
            "map[string]interface {}");
  EXPECT_EQ(message(apply("fieldManager=me", "")), "invalid object type: /, Kind=");
  auto unknown = apply("fieldManager=me", std::string(kConfiguration) + "foo: 1\n");
  EXPECT_EQ(unknown->code, 500);
  EXPECT_EQ(message(unknown), "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .foo: field not declared in schema");
  const std::string twice = std::string(kConfiguration) + "  k: w\n";
  auto strict = apply("fieldManager=me&fieldValidation=Strict", twice);
  EXPECT_EQ(strict->code, 400);
  EXPECT_EQ(message(strict),
            "error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key \"k\" already set in map");
  auto warned = apply("fieldManager=me", twice);
  EXPECT_EQ(warned->code, 201);
  EXPECT_NE(warned->header("Warning").find("line 7: key"), std::string::npos);
}

TEST_F(ApplyRequest, RecordsTheProgramsNameWhereNoManagerIsGiven) {
  send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"},"data":{"k":"v"}})", {{"User-Agent", "tool/1.0 (x)"}});
  EXPECT_NE(get(std::string(kMap))->text.find(R"("manager":"tool","operation":"Update")"), std::string::npos);
  send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"b"},"data":{"k":"v"}})");
  EXPECT_NE(get("/api/v1/namespaces/default/configmaps/b")->text.find(R"("manager":"unknown")"), std::string::npos);
}

TEST_F(ApplyRequest, IsOfferedByOpenApi) {
  EXPECT_NE(get("/openapi/v3/api/v1")->text.find("application/apply-patch+yaml"), std::string::npos);
}

}  // namespace
}  // namespace stint
