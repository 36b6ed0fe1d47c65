#include "api/field_set.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

FieldSet parsed(std::string_view text) {
  Result<FieldSet> set = FieldSet::parse(text);
  if (set) return *std::move(set);
  ADD_FAILURE() << text << ": " << set.error().message;
  return {};
}

std::string sum(FieldSet a, std::string_view b) {
  a.add(parsed(b));
  return a.to_text();
}
std::string difference(FieldSet a, std::string_view b) {
  a.subtract(parsed(b));
  return a.to_text();
}
std::string without_trees(FieldSet a, std::string_view b) {
  a.subtract_trees(parsed(b));
  return a.to_text();
}

std::vector<std::string> shown_paths(const FieldSet& set) {
  std::vector<std::string> out;
  for (const auto& path : set.paths()) out.push_back(shown(path));
  return out;
}

TEST(FieldSet, IsReadAndWrittenInUpstreamsForm) {
  for (
      const std::string text : {
          R"({})",
          R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}}})",
          R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}}}}})",
          R"({"f:list":{"i:0":{},"i:10":{}},"f:metadata":{"f:finalizers":{"v:\"a/b\"":{},"v:\"a/c\"":{}}}})",
          R"({"f:data":{"f:a\"b\\c\u003cd":{}}})",
      }) {
    EXPECT_EQ(parsed(text).to_text(), text);
  }
}

TEST(FieldSet, IsPutInOrderWhenItIsRead) {
  EXPECT_EQ(parsed(R"({ "f:b" : { } , "f:a":{"f:y":{},"f:x":{},".":{}},"f:b":{"f:c":{}}, "f:a":{"f:w":{}}})").to_text(),
            R"({"f:a":{".":{},"f:w":{},"f:x":{},"f:y":{}},"f:b":{".":{},"f:c":{}}})");
  EXPECT_EQ(parsed(R"({"k:{\"b\":1,\"a\":\"x\"}":{}})").to_text(), R"({"k:{\"a\":\"x\",\"b\":1}":{}})");
}

TEST(FieldSet, SortsNumbersByValueAndKindsOfElementsApart) {
  EXPECT_EQ(
      parsed(R"({"i:2":{},"v:true":{},"v:\"a\"":{},"v:10":{},"v:9":{},"v:1.5":{},"k:{\"port\":443}":{},"k:{\"port\":80}":{},"f:z":{}})")
          .to_text(),
      R"({"f:z":{},"k:{\"port\":80}":{},"k:{\"port\":443}":{},"v:1.5":{},"v:9":{},"v:10":{},"v:\"a\"":{},"v:true":{},"i:2":{}})");
  EXPECT_EQ(parsed(R"({"k:{\"name\":\"a-b\"}":{},"k:{\"name\":\"a\"}":{},"k:{\"name\":\"a b\"}":{}})").to_text(),
            R"({"k:{\"name\":\"a\"}":{},"k:{\"name\":\"a b\"}":{},"k:{\"name\":\"a-b\"}":{}})");
}

TEST(FieldSet, DropsElementsOfUnknownTypesAndRefusesBrokenOnes) {
  EXPECT_EQ(parsed(R"({"x:new":{"y":[1,{"a":"b"}]},"f:a":{}})").to_text(), R"({"f:a":{}})");
  for (const char* text : {"", "[]", "{", R"({"f:a":1})", R"({"f:a"})", R"({"f":{}})", R"({"fa":{}})", R"({"k:[1]":{}})", R"({"v:{":{}})",
                           R"({"i:x":{}})", R"({"f:a":{}} x)"}) {
    EXPECT_FALSE(FieldSet::parse(text)) << text;
  }
  EXPECT_FALSE(FieldSet::parse([] {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += R"({"f:a":)";
    return deep;
  }()));
}

TEST(FieldSet, HasNamesInUtf8WhateverBytesItWasReadFrom) {
  const FieldSet set = parsed("{\"f:a\xff\xff\":{},\"f:é\":{}}");
  EXPECT_EQ(set.to_text(), parsed(set.to_text()).to_text());
  EXPECT_EQ(set, parsed(set.to_text()));
  EXPECT_EQ(set, parsed("{\"f:a\uFFFD\uFFFD\":{},\"f:é\":{}}"));
}

TEST(FieldSet, ShowsItsPathsWhatIsNearFirst) {
  EXPECT_EQ(
      shown_paths(parsed(
          R"({"f:a":{"f:b":{}},"f:c":{},"f:l":{"k:{\"name\":\"x\",\"port\":80}":{".":{},"f:d":{}},"v:\"s\"":{},"v:true":{},"i:3":{}}})")),
      (std::vector<std::string>{".c", ".a.b", R"(.l[name="x",port=80])", R"(.l[="s"])", ".l[=true]", ".l[3]",
                                R"(.l[name="x",port=80].d)"}));
}

TEST(FieldSet, KnowsAParentFromItsChild) {
  const FieldSet set = parsed(R"({"f:a":{".":{},"f:b":{}},"f:c":{}})");
  EXPECT_EQ(difference(set, R"({"f:a":{}})"), R"({"f:a":{"f:b":{}},"f:c":{}})");
  EXPECT_EQ(difference(set, R"({"f:a":{"f:b":{}}})"), R"({"f:a":{},"f:c":{}})");
  EXPECT_EQ(difference(set, R"({"f:a":{".":{},"f:b":{}},"f:c":{},"f:d":{}})"), "{}");
  EXPECT_EQ(without_trees(set, R"({"f:a":{}})"), R"({"f:c":{}})");
  EXPECT_EQ(without_trees(set, R"({"f:a":{"f:b":{}}})"), R"({"f:a":{},"f:c":{}})");
  EXPECT_EQ(sum(set, R"({"f:b":{},"f:c":{"f:d":{}}})"), R"({"f:a":{".":{},"f:b":{}},"f:b":{},"f:c":{".":{},"f:d":{}}})");
  EXPECT_EQ(set.intersection(parsed(R"({"f:a":{"f:b":{},"f:x":{}},"f:c":{"f:d":{}}})")).to_text(), R"({"f:a":{"f:b":{}}})");
  EXPECT_FALSE(set.intersects(parsed(R"({"f:c":{"f:d":{}},"f:e":{}})")));
  EXPECT_TRUE(set.intersects(parsed(R"({"f:a":{}})")));
}

TEST(FieldSet, TellsWhetherAnOperationChangedIt) {
  FieldSet set = parsed(R"({"f:a":{".":{},"f:b":{}}})");
  EXPECT_FALSE(set.add(parsed(R"({"f:a":{"f:b":{}}})")));
  EXPECT_FALSE(set.subtract(parsed(R"({"f:b":{},"f:a":{"f:c":{}}})")));
  EXPECT_TRUE(set.subtract(parsed(R"({"f:a":{}})")));
  EXPECT_TRUE(set.add(parsed(R"({"f:a":{}})")));
}

}  // namespace
}  // namespace stint
