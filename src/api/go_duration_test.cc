#include "api/go_duration.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

using namespace std::chrono_literals;

TEST(GoDuration, ReadsUnitsFractionsAndSigns) {
  EXPECT_EQ(parse_go_duration("32s").value(), 32s);
  EXPECT_EQ(parse_go_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_go_duration("1.5h").value(), 90min);
  EXPECT_EQ(parse_go_duration("-90s").value(), -90s);
  EXPECT_EQ(parse_go_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_go_duration("0").value(), 0s);
  for (const char* text : {"", "-", "1", "1x", "1d", "s", "5 s", "h", ".", "1h ", "soon", "9999999999h"}) {
    EXPECT_FALSE(parse_go_duration(text).has_value()) << text;
  }
  EXPECT_EQ(parse_go_duration("5").error().message, "time: missing unit in duration \"5\"");
}

TEST(GoDuration, IsPrintedAsGoPrintsIt) {
  for (const char* text :
       {"0s", "1ns", "1.1\u00b5s", "12ms", "250ms", "1.5s", "10s", "15.03s", "1m0s", "2m40s", "1h30m0s", "1h0m2.5s", "26h0m0s", "-1.5s"}) {
    EXPECT_EQ(go_duration_text(parse_go_duration(text).value()), text);
  }
  EXPECT_EQ(go_duration_text(Duration::min()), "-2562047h47m16.854775808s");
}

}  // namespace
}  // namespace stint
