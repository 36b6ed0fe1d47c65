// JSON and YAML text, without messages.
#include <gtest/gtest.h>

#include "api/json.h"

namespace stint::json {
namespace {

std::string reprint(std::string_view text) {
  const Result<Value> value = parse(text);
  return value ? to_text(*value) : "error: " + value.error().message;
}

std::string yaml_as_json(std::string_view text) {
  const Result<Value> value = parse_yaml(text);
  return value ? to_text(*value) : "error: " + value.error().message;
}

TEST(JsonText, KeepsOrderAndTypes) {
  EXPECT_EQ(reprint(R"( {"b":1,"a":[true,false,null,-2,1.5,"x"],"c":{}} )"), R"({"b":1,"a":[true,false,null,-2,1.5,"x"],"c":{}})");
}

TEST(JsonText, PrintsNumbersAsGo) {
  EXPECT_EQ(reprint("[1e3,1e21,1e-7,0.000001,1.0,-0.5,9223372036854775807,9223372036854775808]"),
            "[1000,1e+21,1e-7,0.000001,1,-0.5,9223372036854775807,9223372036854775808]");
}

TEST(JsonText, EscapesAsGo) {
  EXPECT_EQ(to_text(Value("<a&b>\n\t\x01\"\\\u2028é\xff")), "\"\\u003ca\\u0026b\\u003e\\n\\t\\u0001\\\"\\\\\\u2028é\\ufffd\"");
}

TEST(JsonText, ReadsEscapesAndJoinsSurrogates) {
  EXPECT_EQ(parse(R"("\u00e9\ud83d\ude00\ud83d\/\b")")->as_string(), "é😀\uFFFD/\b");
  EXPECT_EQ(parse("\"\xff\"")->as_string(), "\uFFFD");
}

TEST(JsonText, RefusesWhatIsNoJsonInGosWords) {
  EXPECT_EQ(reprint(""), "error: unexpected end of JSON input");
  EXPECT_EQ(reprint("{"), "error: unexpected end of JSON input");
  EXPECT_EQ(reprint("{a:1}"), "error: invalid character 'a' looking for beginning of object key string");
  EXPECT_EQ(reprint("[1 2]"), "error: invalid character '2' after array element");
  EXPECT_EQ(reprint("{} x"), "error: invalid character 'x' after top-level value");
  EXPECT_EQ(reprint("nul!"), "error: invalid character '!' in literal null (expecting 'l')");
  EXPECT_EQ(reprint("01"), "error: invalid character '1' after top-level value");
  EXPECT_EQ(reprint("-"), "error: unexpected end of JSON input");
}

TEST(JsonText, RefusesDepthAndSizeBombs) {
  EXPECT_EQ(reprint(std::string(100000, '[')), "error: exceeded max depth");
  std::string nested;
  for (int i = 0; i < 100000; ++i) nested += "{\"a\":";
  EXPECT_EQ(reprint(nested), "error: exceeded max depth");
  const Result<Value> large = parse(std::string(kBodyBytesMax + 1, ' '));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().reason, Reason::kRequestEntityTooLarge);
}

TEST(JsonText, LastOfDuplicatesWinsAndIsReportedOnce) {
  std::vector<std::string> duplicates;
  const Result<Value> value = parse(R"({"spec":{"a":1,"a":2,"a":3,"list":[{"x":1},{"x":1,"x":2}]}})", &duplicates);
  ASSERT_TRUE(value);
  EXPECT_EQ(to_text(*value), R"({"spec":{"a":3,"list":[{"x":1},{"x":2}]}})");
  EXPECT_EQ(duplicates, (std::vector<std::string>{R"(duplicate field "spec.a")", R"(duplicate field "spec.list[1].x")"}));
}

TEST(JsonText, FindsDuplicatesInLargeObjects) {
  std::string text = "{";
  for (int i = 0; i < 300000; ++i) text += "\"" + std::to_string(i % 200000) + "\":0,";
  text.back() = '}';
  std::vector<std::string> duplicates;
  const Result<Value> value = parse(text, &duplicates, text.size());
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as_object().size(), 200000u);
  EXPECT_EQ(duplicates.size(), kStrictErrorsMax);
}

TEST(JsonText, PrettyPrintsAsGo) {
  EXPECT_EQ(to_text(*parse(R"({"a":[1,{}],"b":[],"c":{"d":"e"}})"), 2),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": {\n    \"d\": \"e\"\n  }\n}");
}

TEST(JsonValue, ObjectsCompareWithoutOrderAndNumbersByValue) {
  EXPECT_EQ(*parse(R"({"a":1,"b":[1.0,{"c":null}]})"), *parse(R"({"b":[1,{"c":null}],"a":1})"));
  EXPECT_FALSE(*parse("[1,2]") == *parse("[2,1]"));
  EXPECT_FALSE(*parse(R"({"a":1})") == *parse(R"({"a":true})"));
}

TEST(YamlText, ReadsScalarsOfYaml11) {
  EXPECT_EQ(yaml_as_json("[yes, No, on, ~, null, 1, 0x1F, 0777, 0o17, 1_000, 1e3, 1.5, .5, 2001-01-01, 'yes', \"1\", 1.2.3]"),
            R"([true,false,true,null,null,1,31,511,15,1000,1000,1.5,0.5,"2001-01-01","yes","1","1.2.3"])");
  EXPECT_EQ(yaml_as_json("a: !!str 1\nb: !!int \"2\"\nc: !!binary aGk=\n1: x\ny: z\n"), R"({"a":"1","b":2,"c":"hi","1":"x","true":"z"})");
  EXPECT_EQ(yaml_as_json("c: !!binary aOk=\n"), "{\"c\":\"h\uFFFD\"}");
  EXPECT_EQ(yaml_as_json(R"({a: "\Nx", "\_": é})"), "{\"a\":\"\u0085x\",\"\u00A0\":\"é\"}");
  EXPECT_EQ(yaml_as_json("a:\n"), R"({"a":null})");
  EXPECT_EQ(yaml_as_json(""), "null");
}

TEST(YamlText, ReadsBlocksAnchorsAndMerges) {
  EXPECT_EQ(yaml_as_json("a: |\n  x\n  y\nb: >-\n  x\n  y\n"), R"({"a":"x\ny\n","b":"x y"})");
  EXPECT_EQ(yaml_as_json("base: &b {x: 1, z: 2}\nd:\n  <<: *b\n  z: 3\n"), R"({"base":{"x":1,"z":2},"d":{"z":3,"x":1}})");
}

TEST(YamlText, ReportsDuplicatesByLine) {
  std::vector<std::string> duplicates;
  const Result<Value> value = parse_yaml("a: 1\nb: 2\na: 3\n", &duplicates);
  ASSERT_TRUE(value);
  EXPECT_EQ(to_text(*value), R"({"a":3,"b":2})");
  EXPECT_EQ(duplicates, (std::vector<std::string>{R"(line 3: key "a" already set in map)"}));
}

TEST(YamlText, RefusesBombs) {
  std::string laughs = "a0: &a0 lol\n";
  for (int i = 1; i < 40; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) laughs += "*a" + std::to_string(i - 1) + ",";
    laughs += "]\n";
  }
  EXPECT_NE(yaml_as_json(laughs).find("excessive aliasing"), std::string::npos);
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 1000; ++i) chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_TRUE(yaml_as_json(chain).starts_with("error: "));
  EXPECT_TRUE(yaml_as_json(std::string(100000, '[')).starts_with("error: "));
  EXPECT_TRUE(yaml_as_json("a: &a [*a]").starts_with("error: "));
  EXPECT_TRUE(yaml_as_json("{[1]: 2}").starts_with("error: "));
  EXPECT_TRUE(yaml_as_json("a: .inf").starts_with("error: "));
}

TEST(YamlText, RefusesInUpstreamsWords) {
  EXPECT_EQ(yaml_as_json("kind: [x"), "error: yaml: line 1: did not find expected ',' or ']'");
  EXPECT_EQ(yaml_as_json("kind: ConfigMap\n\tmetadata: {}"), "error: yaml: line 2: found a tab character that violates indentation");
  EXPECT_EQ(yaml_as_json("a: 1\nb: {c: |\n  two\n }"), "error: yaml: line 2: found character that cannot start any token");
}

TEST(YamlText, RefusesWhatIsNoText) {
  EXPECT_EQ(yaml_as_json("a: \xF1"), "error: yaml: invalid UTF-8 octet sequence");
  EXPECT_EQ(yaml_as_json("a: \x7F"), "error: yaml: control characters are not allowed");
  for (const char* text : {"\u0080", "\u0085", "\uFFFE", "\u2028", "\uFEFF", "\r", "\U0001F600"})
    EXPECT_EQ(*parse_yaml(to_yaml(Value(text))), Value(text));
}

TEST(YamlText, BreaksLongLinesAsUpstreamAndReadsThemBack) {
  const std::string sixty(60, 'x');
  const auto printed = [](const std::string& text) {
    const std::string yaml = to_yaml(Members{{"message", text}});
    EXPECT_EQ(parse_yaml(yaml)->string_at("message"), text) << yaml;
    return yaml;
  };
  EXPECT_EQ(printed(sixty + " and twenty more, some words after"), "message: " + sixty + " and twenty more,\n  some words after\n");
  EXPECT_EQ(printed(sixty + ": and again  some words"), "message: '" + sixty + ": and again  some\n  words'\n");
  EXPECT_EQ(printed(sixty + "\t and again  some words"), "message: \"" + sixty + "\\t and again\n  \\ some words\"\n");
  EXPECT_EQ(to_yaml(Members{{"<<", nullptr}}), "\"<<\": null\n");
  const std::string key = to_yaml(Members{{sixty + sixty + " key", 1}});
  EXPECT_EQ(key, sixty + sixty + " key: 1\n");
  const std::string long_key(129, 'k');
  const Value value = Members{{long_key, Members{{"a", 1}, {"b", Array{1, 2}}}}, {long_key + "l", Array{1, 2}}, {long_key + "m", 3}};
  EXPECT_EQ(to_yaml(value),
            "? " + long_key + "\n: a: 1\n  b:\n  - 1\n  - 2\n? " + long_key + "l\n: - 1\n  - 2\n? " + long_key + "m\n: 3\n");
  EXPECT_EQ(*parse_yaml(to_yaml(value)), value);
  const Value endless = Members{{std::string(3000, 'k'), 1}};
  EXPECT_EQ(*parse_yaml(to_yaml(endless)), endless);
}

TEST(YamlText, PrintsAsUpstreamAndReadsItBack) {
  const Value value = *parse(
      R"({"b":{"list":[{"y":1,"x":"true"},"1","a: b","- x","",[1,2],{}],"text":"x\ny\n","cut":"x\ny"},"a":null,"empty":[],"date":"2001-01-01","q":"it's #1"})");
  const std::string text = to_yaml(value);
  EXPECT_EQ(text,
            "a: null\nb:\n  cut: |-\n    x\n    y\n  list:\n  - x: \"true\"\n    \"y\": 1\n  - \"1\"\n  - 'a: b'\n  - '- x'\n  - \"\"\n"
            "  - - 1\n    - 2\n  - {}\n  text: |\n    x\n    y\ndate: \"2001-01-01\"\nempty: []\nq: 'it''s #1'\n");
  EXPECT_EQ(*parse_yaml(text), value);
}

}  // namespace
}  // namespace stint::json
