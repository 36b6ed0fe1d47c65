#include "api/selector.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

LabelSelector::Labels labels(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  LabelSelector::Labels out;
  for (const auto& [key, value] : pairs) out[key] = value;
  return out;
}

bool matches(std::string_view text, const LabelSelector::Labels& set) {
  const Result<LabelSelector> selector = LabelSelector::parse(text);
  EXPECT_TRUE(selector) << text;
  return selector && selector->matches(set);
}

std::string reprinted(std::string_view text) {
  const Result<LabelSelector> selector = LabelSelector::parse(text);
  return selector ? selector->to_string() : "error: " + selector.error().message;
}

TEST(LabelSelector, MatchesByEachOperator) {
  const auto set = labels({{"a", "b"}, {"n", "5"}, {"e", ""}});
  for (const char* text : {"", "a", "a=b", "a==b", "a in (b,c)", "!x", "a!=c", "x!=b", "a notin (c)", "x notin (b)", "n>4", "n<6",
                           "e=", "e in (,a)", "e in ()", "a=b,n=5", " a = b , n in ( 5 ) ", "a notin ()"}) {
    EXPECT_TRUE(matches(text, set)) << text;
  }
  for (const char* text : {"x", "a=c", "a=", "!a", "a!=b", "x=b", "a notin (b)", "a in (c)", "n>5", "a>1", "x>1", "a=b,x"}) {
    EXPECT_FALSE(matches(text, set)) << text;
  }
}

TEST(LabelSelector, KeywordsMayBeKeysAndValues) {
  const auto set = labels({{"in", "notin"}});
  EXPECT_TRUE(matches("in", set));
  EXPECT_TRUE(matches("in in (in,notin)", set));
  EXPECT_TRUE(matches("in=notin", set));
}

TEST(LabelSelector, PrintsSortedByKey) {
  EXPECT_EQ(reprinted("z,!y,x in (b,a,a),w notin (c),v=1,u!=2,t==3,s>4,r<5"), "r<5,s>4,t=3,u!=2,v=1,w notin (c),x in (a,b),!y,z");
}

TEST(LabelSelector, RefusesInUpstreamsWords) {
  EXPECT_EQ(reprinted("a,"), "error: found '', expected: identifier after ','");
  EXPECT_EQ(reprinted(","), "error: found ',', expected: !, identifier, or 'end of string'");
  EXPECT_EQ(reprinted("a b"), "error: unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  EXPECT_EQ(reprinted("a=b c"), "error: found 'c', expected: ',' or 'end of string'");
  EXPECT_EQ(reprinted("a in b"), "error: unable to parse requirement: found 'b' expected: '('");
  EXPECT_EQ(reprinted("a in ("), "error: unable to parse requirement: found '', expected: ',', ')' or identifier");
  EXPECT_EQ(reprinted("a in (b"), "error: unable to parse requirement: found '', expected: ',' or ')'");
  EXPECT_EQ(reprinted("a in (b,=)"), "error: unable to parse requirement: found '=', expected: ',', or identifier");
  EXPECT_EQ(reprinted("!"), "error: unable to parse requirement: found '', expected: identifier");
  EXPECT_EQ(reprinted("!a=b"), "error: found '=', expected: ',' or 'end of string'");
  EXPECT_TRUE(reprinted("a/b/c").starts_with("error: unable to parse requirement: <nil>: Invalid value: \"a/b/c\": "));
  EXPECT_TRUE(reprinted("a=-").starts_with("error: unable to parse requirement: values[0][a]: Invalid value: \"-\": "));
  EXPECT_EQ(reprinted("a>x"),
            "error: unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer");
}

TEST(LabelSelector, ComesFromAnObjectsSelector) {
  metav1::LabelSelector selector;
  EXPECT_TRUE(LabelSelector::from(selector)->matches({}));
  (*selector.mutable_matchlabels())["a"] = "b";
  auto* expression = selector.add_matchexpressions();
  expression->set_key("c");
  expression->set_operator_("In");
  expression->add_values("e");
  expression->add_values("d");
  EXPECT_EQ(LabelSelector::from(selector)->to_string(), "a=b,c in (d,e)");
  expression->set_operator_("Exists");
  EXPECT_FALSE(LabelSelector::from(selector));
  expression->clear_values();
  EXPECT_EQ(LabelSelector::from(selector)->to_string(), "a=b,c");
  expression->set_operator_("Near");
  EXPECT_EQ(LabelSelector::from(selector).error().message, "\"Near\" is not a valid label selector operator");
}

std::string field_error(std::string_view text, const Kind& kind) {
  const Result<FieldSelector> selector = FieldSelector::parse(text, kind);
  return selector ? "" : selector.error().message;
}

TEST(FieldSelector, MatchesTermsOfTheKind) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_name("a,b");
  pod.mutable_spec()->set_nodename("n");
  const Kind& kind = kind_of<corev1::Pod>();
  for (const char* text : {"", "metadata.name=a\\,b", "spec.nodeName==n", "spec.nodeName!=m,metadata.namespace=", ",spec.nodeName=n"}) {
    const Result<FieldSelector> selector = FieldSelector::parse(text, kind);
    ASSERT_TRUE(selector) << text << selector.error().message;
    EXPECT_TRUE(selector->matches(pod)) << text;
  }
  EXPECT_FALSE(FieldSelector::parse("spec.nodeName!=n", kind)->matches(pod));
  EXPECT_EQ(FieldSelector::parse("spec.nodeName=n,metadata.name=x", kind)->name(), "x");
  EXPECT_EQ(FieldSelector::parse("metadata.name!=x", kind)->name(), "");
}

TEST(FieldSelector, RefusesInUpstreamsWords) {
  EXPECT_EQ(field_error("spec.x=1", kind_of<corev1::Pod>()), "field label not supported: spec.x");
  EXPECT_EQ(field_error("spec.x=1", kind_of<batchv1::Job>()), "field label \"spec.x\" not supported for Job");
  EXPECT_EQ(field_error("spec.x=1", kind_of<corev1::ConfigMap>()),
            "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
  EXPECT_EQ(field_error("metadata.namespace=x", kind_of<corev1::Namespace>()), "field label not supported: metadata.namespace");
  EXPECT_EQ(field_error("a", kind_of<corev1::Pod>()), "invalid selector: 'a'; can't understand 'a'");
  EXPECT_EQ(field_error("metadata.name=a\\b", kind_of<corev1::Pod>()), "invalid field selector: invalid escape sequence: \\b");
  EXPECT_EQ(field_error("metadata.name=a=b", kind_of<corev1::Pod>()), "invalid field selector: unescaped character in value: 61");
  EXPECT_EQ(field_error("metadata.name=a\\", kind_of<corev1::Pod>()), "invalid field selector: invalid escape sequence: \\");
}

}  // namespace
}  // namespace stint
