#include "base/clock.h"

#include <gtest/gtest.h>

#include <set>

namespace stint {
namespace {

// They come from the kernel many at once; none may be handed out twice.
TEST(SystemRng, NeverRepeatsAWord) {
  const auto rng = system_rng(), other = system_rng();
  std::set<uint64_t> words;
  constexpr size_t kEach = 1000;
  for (size_t i = 0; i < kEach; ++i) {
    words.insert(rng->next());
    words.insert(other->next());
  }
  EXPECT_EQ(words.size(), 2 * kEach);
}

}  // namespace
}  // namespace stint
