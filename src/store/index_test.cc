#include "store/index.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"

namespace stint {
namespace {

std::shared_ptr<const std::string> text(std::string value) { return std::make_shared<const std::string>(std::move(value)); }

class IndexTest : public testing::Test {
 protected:
  void put(std::string key, std::string value) { index_.apply(Write{std::move(key), text(std::move(value))}, index_.revision() + 1); }
  void erase(std::string key) { index_.apply(Write{std::move(key), nullptr}, index_.revision() + 1); }

  SimLoop loop_{WallTime{}};
  Index index_{loop_};
};

TEST_F(IndexTest, ForgetsChangesPastTheHistoryLimit) {
  put("/old", "1");
  erase("/old");
  put("/kept", "1");
  for (size_t i = 0; i < Store::kHistoryMax; ++i) put("/hot", std::to_string(i));
  EXPECT_EQ(index_.compacted(), 4);
  EXPECT_EQ(index_.watch("/", 3).error().reason, Reason::kExpired);
  EXPECT_EQ(index_.range({.prefix = "/", .revision = 3}).error().reason, Reason::kExpired);
  auto oldest = index_.range({.prefix = "/", .revision = 4});
  ASSERT_TRUE(oldest);
  ASSERT_EQ(oldest->entries.size(), 1u);
  EXPECT_EQ(oldest->entries[0].key, "/kept");
  auto later = index_.range({.prefix = "/hot", .revision = 5});
  ASSERT_TRUE(later);
  ASSERT_EQ(later->entries.size(), 1u);
  EXPECT_EQ(*later->entries[0].value, "0");
  EXPECT_EQ(index_.range({.prefix = "/"})->entries.size(), 2u);
}

TEST_F(IndexTest, ForgetsChangesPastTheByteLimit) {
  const std::string large(1024 * 1024, 'x');
  for (size_t i = 0; i < 100; ++i) put("/large", large);
  const Revision kept = index_.revision() - index_.compacted();
  EXPECT_LE(static_cast<size_t>(kept) * large.size(), Store::kHistoryBytesMax);
  EXPECT_GT(kept, 50);
}

TEST_F(IndexTest, StartsItsHistoryAtTheLoadedRevision) {
  index_.load(Entry{"/a", text("1"), 7, 9});
  index_.start_at(20);
  EXPECT_EQ(index_.compacted(), 20);
  EXPECT_EQ(index_.mod_revision("/a"), 9);
  EXPECT_EQ(index_.watch("/", 19).error().reason, Reason::kExpired);
  auto watch = index_.watch("/", 20);
  ASSERT_TRUE(watch);
  EXPECT_EQ((*watch)->progress(), 20);
  put("/a", "2");
  auto change = (*watch)->poll();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->create_revision, 7);
  EXPECT_EQ(change->previous_revision, 9);
  EXPECT_EQ(*index_.range({.prefix = "/", .revision = 20})->entries[0].value, "1");
}

TEST_F(IndexTest, StopsTellingAWatchThatIsGone) {
  auto kept = *index_.watch("/a", 1);
  auto gone = *index_.watch("/a", 1);
  gone.reset();
  put("/a/1", "x");
  EXPECT_TRUE(kept->poll());
  kept.reset();
  put("/a/2", "x");
}

}  // namespace
}  // namespace stint
