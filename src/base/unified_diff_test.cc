#include "base/unified_diff.h"

#include "gtest/gtest.h"

namespace stint {
namespace {

TEST(UnifiedDiff, ShowsThreeLinesAroundAChange) {
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\nfive\n6\n7\n8\n9"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, OfTheSameIsNothing) { EXPECT_EQ(unified_diff("a\nb", "a\nb"), ""); }

TEST(UnifiedDiff, ChangesNearEachOtherShareTheirContext) {
  EXPECT_EQ(unified_diff("a\nb\nc\nd", "A\nb\nc\nD"), "@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n-d\n+D\n");
  EXPECT_EQ(unified_diff("a\n1\n2\n3\n4\n5\n6\n7\nb", "A\n1\n2\n3\n4\n5\n6\n7\nB"),
            "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

TEST(UnifiedDiff, LinesAreAddedAndTakenAway) {
  EXPECT_EQ(unified_diff("a\nb", "a\nx\ny\nb"), "@@ -1,2 +1,4 @@\n a\n+x\n+y\n b\n");
  EXPECT_EQ(unified_diff("a\nx\nb", "a\nb"), "@@ -1,3 +1,2 @@\n a\n-x\n b\n");
}

}  // namespace
}  // namespace stint
