#include "api/go_duration.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

using namespace std::chrono_literals;

TEST(GoDuration, ReadsUnitsFractionsAndSigns) {
  EXPECT_EQ(parse_go_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_go_duration("1.5h").value(), 90min);
  EXPECT_EQ(parse_go_duration("-90s").value(), -90s);
  EXPECT_EQ(parse_go_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_go_duration("0").value(), 0s);
  for (const char* text : {"", "-", "1", "1x", "h", ".", "1h ", "9999999999h"}) EXPECT_FALSE(parse_go_duration(text).has_value()) << text;
}

TEST(GoDuration, IsPrintedWithUnitsAsLargeAsItIs) {
  EXPECT_EQ(go_duration_text(0s), "0s");
  EXPECT_EQ(go_duration_text(90min), "1h30m0s");
  EXPECT_EQ(go_duration_text(60s), "1m0s");
  EXPECT_EQ(go_duration_text(-1500ms), "-1.5s");
  EXPECT_EQ(go_duration_text(15030ms), "15.03s");
  EXPECT_EQ(go_duration_text(250ms), "250ms");
  EXPECT_EQ(go_duration_text(1500ns), "1.5\u00b5s");
  EXPECT_EQ(go_duration_text(7ns), "7ns");
}

}  // namespace
}  // namespace stint
