#include "api/quantity.h"

#include <gtest/gtest.h>

#include <limits>

namespace stint {
namespace {

std::string canonical(std::string_view text) { return canonical_quantity(text).value_or("none"); }

TEST(Quantity, HasOneCanonicalForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"1000m", "1"},
      {"0.5", "500m"},
      {"1024Ki", "1Mi"},
      {"1e3", "1e3"},
      {"12e6", "12e6"},
      {"1.5Gi", "1536Mi"},
      {"-1.5", "-1500m"},
      {"100m", "100m"},
      {"1k", "1k"},
      {"1000", "1k"},
      {"1500", "1500"},
      {"1024", "1024"},
      {"1Ki", "1Ki"},
      {"0.5Ki", "512"},
      {"1000000", "1M"},
      {"1e4", "10e3"},
      {"1E3", "1E3"},
      {"0.1", "100m"},
      {"0.001", "1m"},
      {"1u", "1u"},
      {"0.1n", "1n"},
      {"-0.1n", "-1n"},
      {"+5", "+5"},
      {"00", "0"},
      {"0Mi", "0"},
      {"-0", "0"},
      {"1.25", "1250m"},
      {"0.0000000001", "1n"},
      {"2048Mi", "2Gi"},
      {"16Ei", "9223372036854775807"},
      {"1.1Ki", "1126400m"},
      {"0.5Mi", "512Ki"},
      {"511637265167612.691886Ki", "523916559531635396491264u"},
      {"-2Mi", "-2Mi"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"1234567890123456789012345678901234.5k", "1234567890123456789012345678901234500"},
      {"1234567890123456789012345678901234500", "1234567890123456789012345678901234500"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(canonical(text), expected) << text;
}

// Upstream keeps a text that its fast path takes for canonical.
TEST(Quantity, KeepsWhatUpstreamKeeps) {
  EXPECT_EQ(canonical("1.500"), "1.500");
  EXPECT_EQ(canonical("12Ki"), "12Ki");
  EXPECT_EQ(canonical("0012Ki"), "0012Ki");
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "1x", "1 Gi", "1KI", "1..2", "1e", "1e1.5", "--1", "1e99999", "0x10"}) {
    EXPECT_FALSE(canonical_quantity(text)) << text;
  }
  EXPECT_FALSE(canonical_quantity(std::string(100000, '9')));
}

TEST(Quantity, ValuesRoundAwayFromZeroAndSaturate) {
  EXPECT_EQ(quantity_value("100m"), 1);
  EXPECT_EQ(quantity_value("-100m"), -1);
  EXPECT_EQ(quantity_value("1.5Gi"), 1610612736);
  EXPECT_EQ(quantity_milli_value("1"), 1000);
  EXPECT_EQ(quantity_milli_value("1u"), 1);
  EXPECT_EQ(quantity_milli_value("250m"), 250);
  EXPECT_EQ(quantity_value("1e30"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(quantity_value("-1e30"), std::numeric_limits<int64_t>::min());
  EXPECT_FALSE(quantity_value("abc"));
  EXPECT_FALSE(quantity_value("1e-2147483648"));
  EXPECT_FALSE(quantity_value("1000e1000"));
  EXPECT_FALSE(quantity_value("1" + std::string(2000, '0')));
}

TEST(Quantity, ComparesExactly) {
  EXPECT_EQ(compare_quantities("1000m", "1"), 0);
  EXPECT_EQ(compare_quantities("1Gi", "1G"), 1);
  EXPECT_EQ(compare_quantities("-1", "1n"), -1);
  EXPECT_EQ(compare_quantities("-2", "-1"), -1);
  EXPECT_EQ(compare_quantities("0", "0Mi"), 0);
  EXPECT_EQ(compare_quantities("1e30", "1e29"), 1);
}

TEST(Quantity, PrintsNumbers) {
  EXPECT_EQ(milli_quantity(1500), "1500m");
  EXPECT_EQ(milli_quantity(2000), "2");
  EXPECT_EQ(milli_quantity(0), "0");
  EXPECT_EQ(milli_quantity(-250), "-250m");
  EXPECT_EQ(bytes_quantity(1048576), "1Mi");
  EXPECT_EQ(bytes_quantity(500), "500");
  EXPECT_EQ(bytes_quantity(std::numeric_limits<int64_t>::max()), "9223372036854775807");
}

TEST(Quantity, SumsKeepTheFormOfTheFirst) {
  EXPECT_EQ(add_quantities("500m", "1"), "1500m");
  EXPECT_EQ(add_quantities("64Mi", "64Mi"), "128Mi");
  EXPECT_EQ(add_quantities("0", "1Gi"), "1Gi");
  EXPECT_EQ(add_quantities("1Gi", "1M"), "1074741824");
  EXPECT_EQ(add_quantities("1e3", "1"), "1001");
  EXPECT_EQ(add_quantities("1E", "1n"), "1000000000000000000000000001n");
  EXPECT_EQ(subtract_quantities("1", "250m"), "750m");
  EXPECT_EQ(subtract_quantities("1Gi", "1Gi"), "0");
  EXPECT_EQ(subtract_quantities("1", "3"), "-2");
}

}  // namespace
}  // namespace stint
