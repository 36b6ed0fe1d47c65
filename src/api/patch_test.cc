// RFC 6902 and RFC 7386 by their own examples.
#include "api/patch.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

json::Value doc(std::string_view text) {
  Result<json::Value> value = json::parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::Value();
}

std::string json_patched(std::string_view document, std::string_view patch) {
  const Result<json::Value> result = apply_json_patch(doc(document), doc(patch));
  return result ? to_text(*result) : "error " + std::string(to_string(result.error().reason));
}

std::string merged(std::string_view document, std::string_view patch) { return to_text(apply_merge_patch(doc(document), doc(patch))); }

TEST(JsonPatch, AppliesTheExamplesOfTheRfc) {
  const char* cases[][3] = {
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])", R"({"baz":"qux","foo":"bar"})"},
      {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])", R"({"foo":["bar","qux","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
      {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])", R"({"foo":["bar","baz"]})"},
      {R"({"baz":"qux"})", R"([{"op":"replace","path":"/baz","value":"boo"}])", R"({"baz":"boo"})"},
      {R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})", R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
       R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
      {R"({"foo":["all","grass","cows","eat"]})", R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
       R"({"foo":["all","cows","eat","grass"]})"},
      {R"({"baz":"qux","foo":["a",2,"c"]})", R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
       R"({"baz":"qux","foo":["a",2,"c"]})"},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])", R"({"child":{"grandchild":{}},"foo":"bar"})"},
      {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])", R"({"foo":["bar",["abc","def"]]})"},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])", R"({"/":9,"~1":10})"},
      {R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":1,"b":1})"},
      {R"({"a":1})", R"([{"op":"replace","path":"","value":[]}])", R"([])"},
      {R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])", R"({"a":1})"},
      {R"({"a":1})", R"([{"op":"replace","path":"/b","value":2},{"op":"add","path":"/c"},{"op":"copy","from":"/x","path":"/d"}])",
       R"({"a":1,"b":2,"c":null,"d":null})"},
  };
  for (const auto& [document, patch, expected] : cases) EXPECT_EQ(json_patched(document, patch), expected) << patch;
}

TEST(JsonPatch, RefusesWhatDoesNotApply) {
  for (const char* patch :
       {R"([{"op":"test","path":"/baz","value":"bar"}])", R"([{"op":"add","path":"/x/y","value":1}])", R"([{"op":"remove","path":"/x"}])",
        R"([{"op":"replace","path":"/x/y","value":1}])", R"([{"op":"add","path":"/list/3","value":1}])",
        R"([{"op":"add","path":"/list/x","value":1}])", R"([{"op":"remove","path":"/list/2"}])", R"([{"op":"frob","path":"/baz"}])",
        R"([{"op":"replace","path":"/list/2","value":1}])", R"([{"op":"add","value":1}])",
        R"([{"op":"move","from":"/list","path":"/list/0"}])", R"([{"op":"copy","from":"/x/y","path":"/y"}])",
        R"([{"op":"move","from":"/x","path":"/y"}])", R"([{"op":"remove","path":""}])", R"([{"op":"add","path":"baz","value":1}])"}) {
    EXPECT_EQ(json_patched(R"({"baz":"qux","list":[1,2]})", patch), "error Invalid") << patch;
  }
}

TEST(JsonPatch, RefusesWhatIsNoPatch) {
  EXPECT_EQ(json_patched("{}", "{}"), "error BadRequest");
  EXPECT_EQ(json_patched("{}", "[1]"), "error BadRequest");
}

TEST(JsonPatch, IsBounded) {
  EXPECT_EQ(json_patched(
                "{}", "[" +
                          [] {
                            std::string all = R"({"op":"test","path":"/a"})";
                            for (size_t i = 0; i < kJsonPatchOperationsMax; ++i) all += R"(,{"op":"test","path":"/a"})";
                            return all;
                          }() +
                          "]"),
            "error RequestEntityTooLarge");
  std::string doubling = R"([{"op":"add","path":"/a","value":"0123456789"})";
  std::string nesting = R"([{"op":"add","path":"/a","value":{}})";
  for (int i = 0; i < 60; ++i) doubling += R"(,{"op":"copy","from":"","path":"/x)" + std::to_string(i) + "\"}";
  for (int i = 0; i < 300; ++i)
    nesting += R"(,{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/a","value":{}},{"op":"move","from":"/b","path":"/a/b"})";
  EXPECT_EQ(json_patched("{}", doubling + "]"), "error Invalid");
  EXPECT_EQ(json_patched("{}", nesting + "]"), "error Invalid");
}

TEST(MergePatch, AppliesTheExamplesOfTheRfc) {
  const char* cases[][3] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& [document, patch, expected] : cases) EXPECT_EQ(merged(document, patch), expected) << patch;
}

TEST(Patches, SortWhatTheyTouchAsUpstreamsMessagesQuoteIt) {
  const char* document = R"({"z":1,"m":{"y":1,"x":{"b":1,"a":1}},"n":{"b":1,"a":1}})";
  EXPECT_EQ(json_patched(document, R"([{"op":"replace","path":"/m/y","value":{"d":1,"c":1}}])"),
            R"({"m":{"x":{"b":1,"a":1},"y":{"d":1,"c":1}},"n":{"b":1,"a":1},"z":1})");
  EXPECT_EQ(merged(document, R"({"m":{"y":{"d":1,"c":1}}})"), R"({"m":{"x":{"b":1,"a":1},"y":{"c":1,"d":1}},"n":{"b":1,"a":1},"z":1})");
}

}  // namespace
}  // namespace stint
