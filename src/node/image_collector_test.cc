#include "node/image_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "node/fake_image_store.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A disk of 1000 bytes, of which everything but images takes `other_bytes`.
class ImageCollectorTest : public testing::Test {
 protected:
  ImageCollectorTest()
      : loop_(WallTime{std::chrono::hours(24 * 365 * 56)}), client_(loop_), recorder_(loop_, client_, "kubelet", "n1"), store_(loop_) {
    start({});
  }
  void start(ImageCollection settings) {
    scope_.emplace(loop_);
    collector_.emplace(loop_, store_, recorder_, "n1",
                       ImageCollector::Machine{.look_at_disk = [this] { return look(); }, .images_in_use = [this] { return in_use_; }},
                       settings);
    scope_->spawn(collector_->run());
    loop_.run_for(1s);
  }
  Task<Result<DiskRoom>> look() {
    int64_t used = other_bytes_;
    for (const ImageInfo& image : store_.list()) used += image.size_bytes;
    co_return DiskRoom{.capacity_bytes = 1000, .available_bytes = 1000 - used};
  }
  void put(const std::string& name, int64_t size_bytes) {
    store_.put(name, {.id = name, .size_bytes = size_bytes});
    loop_.run_for(1min);  // seen one after the other
  }
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const ImageInfo& image : store_.list()) names.push_back(image.id);
    std::ranges::sort(names);
    return names;
  }
  std::vector<std::string> events() const {
    std::vector<std::string> reasons;
    for (const auto& event : client_.all<corev1::Event>()) reasons.push_back(event->reason());
    std::ranges::sort(reasons);
    return reasons;
  }

  SimLoop loop_;
  FakeClient client_;
  Recorder recorder_;
  FakeImageStore store_;
  std::set<std::string> in_use_;
  int64_t other_bytes_ = 0;
  std::optional<ImageCollector> collector_;
  std::optional<Scope> scope_;
};

TEST_F(ImageCollectorTest, RemovesNothingBelowTheHighThreshold) {
  put("a", 400), put("b", 440);
  loop_.run_for(1h);
  EXPECT_THAT(left(), ElementsAre("a", "b"));
}

TEST_F(ImageCollectorTest, RemovesTheLeastRecentlyUsedDownToTheLowThreshold) {
  put("first", 100), put("second", 100), put("third", 100);
  in_use_ = {"first"};
  loop_.run_for(5min);
  in_use_.clear();
  loop_.run_for(5min);
  other_bytes_ = 560;  // 86 % used
  loop_.run_for(2min);
  EXPECT_THAT(left(), ElementsAre("first", "third")) << "76 %: enough";
  other_bytes_ = 700;  // 90 %
  loop_.run_for(2min);
  EXPECT_THAT(left(), ElementsAre("first"));
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(ImageCollectorTest, SparesImagesInUseAndThoseThatCameJustNow) {
  other_bytes_ = 700;
  put("used", 100);
  in_use_ = {"used"};
  put("old", 20), put("older", 20);
  loop_.run_for(3min);
  store_.put("new", {.id = "new", .size_bytes = 100});
  loop_.run_for(90s);
  EXPECT_THAT(left(), ElementsAre("new", "used"));
  EXPECT_THAT(events(), ElementsAre("FreeDiskSpaceFailed", "ImageGCFailed")) << "90 %";
  loop_.run_for(2min);
  EXPECT_THAT(left(), ElementsAre("used"));
}

TEST_F(ImageCollectorTest, SparesImagesOfTheDirectoryThatStandsInForTheirRegistry) {
  put("pinned", 100);
  ImageInfo pinned = store_.list().front();
  pinned.pinned = true;
  store_.put("pinned", pinned);
  other_bytes_ = 850;
  loop_.run_for(10min);
  EXPECT_THAT(left(), ElementsAre("pinned"));
}

TEST_F(ImageCollectorTest, GoesOnWithTheOthersWhenOneCannotBeRemoved) {
  put("first", 100), put("second", 100);
  store_.fail_removal("first", "operation not permitted");
  other_bytes_ = 700;  // 90 %
  loop_.run_for(5min);
  EXPECT_THAT(left(), ElementsAre("first"));
  EXPECT_THAT(events(), ElementsAre("ImageGCFailed"));
}

TEST_F(ImageCollectorTest, TellsTheNodeHowMuchItCouldFree) {
  put("a", 10);
  loop_.run_for(3min);
  other_bytes_ = 890;
  loop_.run_for(1min);
  EXPECT_THAT(left(), IsEmpty());
  ASSERT_THAT(events(), ElementsAre("FreeDiskSpaceFailed", "ImageGCFailed"));
  for (const auto& event : client_.all<corev1::Event>()) {
    EXPECT_EQ(event->involvedobject().kind(), "Node");
    EXPECT_EQ(event->involvedobject().name(), "n1");
    EXPECT_THAT(event->message(),
                HasSubstr("(90% of 1000 B used). Failed to free sufficient space by deleting unused images (freed 10 bytes)"));
  }
}

TEST_F(ImageCollectorTest, RemovesAllThatIsUnusedWhenTheNodeIsShort) {
  put("a", 10), put("used", 10);
  in_use_ = {"used"};
  loop_.run_for(3min);
  store_.put("new", {.id = "new", .size_bytes = 10});
  loop_.run_for(1min);
  std::optional<bool> first, second;
  Event done(loop_);
  scope_->spawn(internal::store_result(collector_->remove_unused(), &first, &done));
  loop_.run_for(1s);
  scope_->spawn(internal::store_result(collector_->remove_unused(), &second, &done));
  loop_.run_for(1s);
  EXPECT_EQ(first, true);
  EXPECT_EQ(second, false) << "so that its caller comes to an end";
  EXPECT_THAT(left(), ElementsAre("new", "used"));
}

TEST_F(ImageCollectorTest, NeverRemovesWithAThresholdOfAHundred) {
  start({.high_percent = 100});
  put("a", 100);
  other_bytes_ = 900;
  loop_.run_for(1h);
  EXPECT_THAT(left(), ElementsAre("a"));
}

}  // namespace
}  // namespace stint
