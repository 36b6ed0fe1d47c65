#include "control/job/indexes.h"

#include <gtest/gtest.h>

namespace stint::job {
namespace {

TEST(IndexSet, IsWrittenCompressed) {
  EXPECT_EQ(IndexSet::of({7, 5, 4, 3, 1, 0, 3}).to_string(), "0,1,3-5,7");
  EXPECT_EQ(IndexSet::of({}).to_string(), "");
}

TEST(IndexSet, ReadsWhatItWrites) { EXPECT_EQ(IndexSet::parse("0,1,3-5,7", 10), IndexSet::of({0, 1, 3, 4, 5, 7})); }

TEST(IndexSet, DropsWhatIsBeyondCompletions) {
  EXPECT_EQ(IndexSet::parse("0-3,5-9,12", 7).to_string(), "0-3,5,6");
  EXPECT_TRUE(IndexSet::parse("0-3", 0).empty());
}

TEST(IndexSet, SkipsPiecesThatAreNoNumbers) { EXPECT_EQ(IndexSet::parse("a,1,2-x,,4", 10).to_string(), "1,4"); }

TEST(IndexSet, FindsTheLowestThatAreMissing) {
  EXPECT_EQ(IndexSet::of({0, 2, 3}).first_missing(3, 10), (std::vector{1, 4, 5}));
  EXPECT_EQ(IndexSet::of({0, 2, 3}).first_missing(9, 5), (std::vector{1, 4}));
  EXPECT_EQ(IndexSet::of({0, INT_MAX, INT_MAX}).first_missing(9, 3), (std::vector{1, 2}));
}

TEST(IndexSet, CountsTheOverlap) {
  EXPECT_EQ(IndexSet::parse("0-4,8", 10).overlap(IndexSet::parse("3-9", 10)), 3);
  EXPECT_EQ(IndexSet::parse("0-4", 10).overlap(IndexSet{}), 0);
}

}  // namespace
}  // namespace stint::job
