// What upstream refuses, in its words.
#include <gtest/gtest.h>

#include "server/rest/rest_testing.h"

namespace stint::rest {
namespace {

class Refusals : public RestTest {
 protected:
  static constexpr std::string_view kMaps = "/api/v1/namespaces/default/configmaps";

  std::string message_of(const Response& response) { return std::string(json::parse(response->text).value().string_at("message")); }
  Response patch(std::string_view type, std::string body, std::string_view query = "") {
    return send("PATCH", std::string(kMaps) + "/a" + std::string(query), std::move(body),
                {{"Content-Type", "application/" + std::string(type) + "-patch+json"}});
  }
  void make_map() { post(std::string(kMaps), R"({"metadata":{"name":"a"},"data":{"k":"v"}})"); }
};

TEST_F(Refusals, OfAPatchQuoteItsResult) {
  make_map();
  const auto json_patched = patch("json", R"([{"op":"replace","path":"/data","value":"x"}])");
  EXPECT_EQ(json_patched->code, 422);
  const std::string told = message_of(json_patched);
  EXPECT_TRUE(told.starts_with(R"( "" is invalid: patch: Invalid value: "{\"apiVersion\":\"v1\",\"data\":\"x\",\"kind\":\"ConfigMap\",)"))
      << told;
  EXPECT_TRUE(told.ends_with(R"(}": json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string)")) << told;

  const std::string merged = message_of(patch("merge", R"({"kind":"Secret","data":{"k":"b"}})"));
  EXPECT_TRUE(merged.ends_with(": illegal base64 data at input byte 0")) << merged;
  EXPECT_NE(message_of(patch("merge", R"({"apiVersion":"v2"})")).find(R"(no kind "ConfigMap" is registered for version "v2")"),
            std::string::npos);
}

TEST_F(Refusals, OfAStrategicPatchQuoteThePatch) {
  make_map();
  EXPECT_EQ(message_of(patch("strategic-merge", R"({"data":{"k":1}})")),
            R"( "" is invalid: patch: Invalid value: "map[data:map[k:1]]": cannot convert int64 to string)");
  EXPECT_EQ(message_of(patch("strategic-merge", R"({"metadata":{"finalizers":{}}})")),
            R"( "" is invalid: patch: Invalid value: "map[metadata:map[finalizers:map[]]]": cannot restore slice from map)");
  EXPECT_EQ(message_of(patch("strategic-merge", R"({"nope":1,"metadata":{"lables":{}}})", "?fieldValidation=Strict")),
            R"( "" is invalid: patch: Invalid value: "map[metadata:map[lables:map[]] nope:1]": strict decoding error: )"
            R"(unknown field "metadata.lables", unknown field "nope")");
}

TEST_F(Refusals, OfWhatIsNoPatchSayWhatItIs) {
  make_map();
  EXPECT_EQ(message_of(patch("merge", "[]")),
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
  EXPECT_EQ(message_of(patch("strategic-merge", "[]")), "json: cannot unmarshal array into Go value of type map[string]interface {}");
  const auto warned = patch("json", R"([{"op":"add","path":"/nope","value":1,"extra":2}])", "?fieldValidation=Warn");
  EXPECT_EQ(warned->code, 200);
  EXPECT_EQ(warned->header("Warning"), R"(299 - "json patch unknown field \"[0].extra\"")");
}

TEST_F(Refusals, OfAVersionedCreateComeAfterTheOthers) {
  const auto versioned = post(std::string(kMaps), R"({"metadata":{"name":"a","resourceVersion":"12"}})");
  EXPECT_EQ(versioned->code, 500);
  EXPECT_EQ(message_of(versioned), "resourceVersion should not be set on objects to be created");
  EXPECT_EQ(post(std::string(kMaps), R"({"metadata":{"resourceVersion":"12"}})")->code, 422);
  EXPECT_EQ(post(std::string(kMaps), R"({"metadata":{"name":"a","resourceVersion":"0"}})")->code, 201);
}

TEST_F(Refusals, OfDeleteOptionsAreBare) {
  make_map();
  const auto refused = [&](std::string body) { return message_of(send("DELETE", std::string(kMaps) + "/a", std::move(body))); };
  EXPECT_EQ(refused("{x"), "couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of object key string");
  EXPECT_EQ(refused(R"({"gracePeriodSeconds":"1"})"),
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64");
  EXPECT_EQ(refused(R"({"apiVersion":"v1","kind":"ConfigMap"})"),
            R"(no kind "ConfigMap" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111")");
}

TEST_F(Refusals, OfYamlWithKeysTwiceAreOneErrorOfManyLines) {
  const auto refused = send("POST", std::string(kMaps) + "?fieldValidation=Strict", "metadata:\n  name: m\ndata:\n  a: b\n  a: c\n",
                            {{"Content-Type", "application/YAML"}});
  EXPECT_EQ(message_of(refused),
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n"
            "  line 5: key \"a\" already set in map");
}

TEST_F(Refusals, OfNumbersInTheQueryAreThoseOfItsParser) {
  EXPECT_EQ(message_of(get(std::string(kMaps) + "?limit=x")), "strconv.ParseInt: parsing \"x\": invalid syntax");
  EXPECT_EQ(message_of(get(std::string(kMaps) + "?limit=99999999999999999999")),
            "strconv.ParseInt: parsing \"99999999999999999999\": value out of range");
  const auto version = get(std::string(kMaps) + "/a?resourceVersion=x");
  EXPECT_EQ(version->code, 500);
  EXPECT_EQ(message_of(version), "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax");
}

}  // namespace
}  // namespace stint::rest
