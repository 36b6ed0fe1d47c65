#include "server/rest/query.h"

#include <gtest/gtest.h>

#include "server/rest/accept.h"
#include "server/rest/status_text.h"

namespace stint::rest {
namespace {

using namespace std::chrono_literals;

TEST(Query, EverythingButZeroAndFalseIsTrue) {
  Query query({{"a", ""}, {"b", "0"}, {"c", "False"}, {"d", "True"}, {"e", "no"}});
  EXPECT_TRUE(query.flag("a"));
  EXPECT_FALSE(query.flag("b"));
  EXPECT_FALSE(query.flag("c"));
  EXPECT_TRUE(query.flag("d"));
  EXPECT_TRUE(query.flag("e"));
  EXPECT_FALSE(query.flag("absent"));
}

TEST(Query, NumbersAreDecimalOrRefused) {
  Query query({{"limit", "500"}, {"bad", "5x"}, {"empty", ""}});
  EXPECT_EQ(query.integer("limit").value(), 500);
  EXPECT_EQ(query.integer("empty").value(), std::nullopt);
  EXPECT_EQ(query.integer("bad").error().reason, Reason::kBadRequest);
}

TEST(Accept, OrdersByQualityAndPutsWildcardsLast) {
  auto ranges = parse_accept("*/*, application/yaml;q=0.5, application/json;as=Table;v=v1, ");
  ASSERT_EQ(ranges.size(), 3u);
  EXPECT_EQ(ranges[0].subtype, "json");
  EXPECT_EQ(ranges[0].parameter("as"), "Table");
  EXPECT_EQ(ranges[1].subtype, "*");
  EXPECT_EQ(ranges[2].subtype, "yaml");
}

TEST(Warnings, AreSaidOnceAndEscaped) {
  http::Headers headers;
  add_warnings({"unknown field \"a\"", "unknown field \"a\"", "back\\slash\n"}, headers);
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].second, R"(299 - "unknown field \"a\"")");
  EXPECT_EQ(headers[1].second, R"(299 - "back\\slash ")");
}

TEST(Warnings, AreCutWhenTheyAreTooMuch) {
  http::Headers headers;
  std::vector<std::string> many;
  for (char c = 'a'; c <= 'z'; ++c) many.push_back(std::string(300, c));
  add_warnings(many, headers);
  EXPECT_EQ(headers.size(), kWarningRunesMax / kWarningRunesCut);
}

}  // namespace
}  // namespace stint::rest
