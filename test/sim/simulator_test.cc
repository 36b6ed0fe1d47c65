#include "simulator.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace stint::sim {
namespace {

constexpr uint64_t kSeeds = 24;

TEST(Simulator, BreaksNoRuleUnderFaults) {
  set_log_level(LogLevel::kError);
  int crashes = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const SimResult result = simulate({.seed = seed});
    crashes += result.crashes;
    ASSERT_FALSE(result.violation) << describe(seed, result);
  }
  EXPECT_GT(crashes, static_cast<int>(kSeeds));
}

TEST(Simulator, ReplaysASeed) {
  set_log_level(LogLevel::kError);
  const SimResult first = simulate({.seed = 7}), second = simulate({.seed = 7});
  EXPECT_EQ(first.commits, second.commits);
  EXPECT_EQ(first.steps, second.steps);
}

}  // namespace
}  // namespace stint::sim
