#include "server/testing.h"

namespace stint {
namespace {

class Watch : public ServerTest {
 protected:
  std::unique_ptr<ObjectWatch> open(Request request) {
    request.verb = Verb::kWatch;
    auto watch = finish(server_->watch(std::move(request)));
    if (!watch) ADD_FAILURE() << watch.error().message;
    return *std::move(watch);
  }
  std::unique_ptr<ObjectWatch> open_maps(std::string resource_version, std::string labels = "") {
    Request watch = request<corev1::ConfigMap>(Verb::kWatch);
    watch.resource_version = std::move(resource_version);
    watch.label_selector = std::move(labels);
    return open(std::move(watch));
  }
  // "ADDED a", "BOOKMARK", "END"; "" when nothing comes within a minute and a half.
  std::string next(ObjectWatch& watch) {
    static constexpr std::string_view kTypes[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
    last_ = finish(with_timeout(loop_, std::chrono::seconds(90), watch.next()), std::chrono::seconds(90))
                .value_or(WatchEvent{.resource_version = "none"});
    if (!last_) return "END";
    if (last_->resource_version == "none") return "";
    std::string text(kTypes[static_cast<size_t>(last_->type)]);
    if (last_->object != nullptr) text += " " + meta(*last_->object).name();
    return text;
  }
  std::string revision() const { return std::to_string(store_->revision()); }

  std::optional<WatchEvent> last_;
};

TEST_F(Watch, ShowsWhatChangesAfterARevision) {
  ASSERT_TRUE(create(config_map("old")));
  const auto watch = open_maps(revision());
  auto map = object_of<corev1::ConfigMap>(create(config_map("a")));
  EXPECT_EQ(next(*watch), "ADDED a");
  EXPECT_EQ(last_->previous, nullptr);
  (*map.mutable_data())["k"] = "v";
  ASSERT_TRUE(update(map));
  EXPECT_EQ(next(*watch), "MODIFIED a");
  EXPECT_EQ(meta(*last_->previous).resourceversion(), map.metadata().resourceversion());
  ASSERT_TRUE(remove<corev1::ConfigMap>("a"));
  EXPECT_EQ(next(*watch), "DELETED a");
  EXPECT_EQ(meta(*last_->object).resourceversion(), revision());
  EXPECT_EQ(next(*watch), "");
}

TEST_F(Watch, BeginsWithThePresentStateWhenNoRevisionIsGiven) {
  ASSERT_TRUE(create(config_map("a")));
  ASSERT_TRUE(create(config_map("b")));
  const auto watch = open_maps("");
  EXPECT_EQ(next(*watch), "ADDED a");
  EXPECT_EQ(next(*watch), "ADDED b");
  ASSERT_TRUE(create(config_map("c")));
  EXPECT_EQ(next(*watch), "ADDED c");
}

TEST_F(Watch, EndsTheInitialPartWithOneBookmark) {
  ASSERT_TRUE(create(config_map("a")));
  Request list = request<corev1::ConfigMap>(Verb::kWatch);
  list.send_initial_events = true;
  list.resource_version_match = "NotOlderThan";
  list.allow_bookmarks = true;
  const auto watch = open(std::move(list));
  EXPECT_EQ(next(*watch), "ADDED a");
  EXPECT_EQ(next(*watch), "BOOKMARK");
  EXPECT_TRUE(last_->initial_events_end);
  EXPECT_EQ(last_->resource_version, revision());
}

TEST_F(Watch, EndsTheInitialPartSoForWhoeverTakesBookmarks) {
  ASSERT_TRUE(create(config_map("a")));
  Request maps = request<corev1::ConfigMap>(Verb::kWatch);
  maps.allow_bookmarks = true;
  const auto watch = open(std::move(maps));
  EXPECT_EQ(next(*watch), "ADDED a");
  EXPECT_EQ(next(*watch), "BOOKMARK");
  EXPECT_TRUE(last_->initial_events_end);
}

TEST_F(Watch, SendsABookmarkEachMinuteWhenAllowed) {
  Request maps = request<corev1::ConfigMap>(Verb::kWatch);
  maps.resource_version = revision();
  maps.allow_bookmarks = true;
  const auto watch = open(std::move(maps));
  ASSERT_TRUE(create(pod("elsewhere")));
  const WallTime before = loop_.now();
  EXPECT_EQ(next(*watch), "BOOKMARK");
  EXPECT_FALSE(last_->initial_events_end);
  EXPECT_EQ(last_->resource_version, revision());
  EXPECT_GE(loop_.now() - before, std::chrono::seconds(59));
}

TEST_F(Watch, TurnsMatchesThatComeAndGoIntoAddedAndDeleted) {
  auto map = object_of<corev1::ConfigMap>(create(config_map("a")));
  const auto watch = open_maps(revision(), "on=yes");
  (*map.mutable_metadata()->mutable_labels())["on"] = "yes";
  map = object_of<corev1::ConfigMap>(update(map));
  EXPECT_EQ(next(*watch), "ADDED a");
  (*map.mutable_metadata()->mutable_labels())["on"] = "no";
  ASSERT_TRUE(update(map));
  EXPECT_EQ(next(*watch), "DELETED a");
  EXPECT_EQ(meta(*last_->object).labels().at("on"), "yes");
  EXPECT_EQ(meta(*last_->object).resourceversion(), revision());
  ASSERT_TRUE(remove<corev1::ConfigMap>("a"));
  EXPECT_EQ(next(*watch), "");
}

TEST_F(Watch, SeesOnlyTheObjectOfThatName) {
  Request one = request<corev1::ConfigMap>(Verb::kWatch);
  one.field_selector = "metadata.name=a";
  one.resource_version = revision();
  const auto watch = open(std::move(one));
  ASSERT_TRUE(create(config_map("ab")));
  ASSERT_TRUE(create(config_map("a")));
  EXPECT_EQ(next(*watch), "ADDED a");
}

TEST_F(Watch, EndsWithAnErrorWhenTheRevisionIsCompacted) {
  coordinationv1::Lease lease;
  lease.mutable_metadata()->set_name("l");
  ASSERT_TRUE(create(config_map("a")));
  const std::string start = revision();
  Write write{.key = "/registry/scratch/x", .value = std::make_shared<const std::string>("v")};
  for (size_t i = 0; i < Store::kHistoryMax * 2 + 10 && store_->compacted() <= std::stoll(start); ++i) {
    write.expected = finish(store_->commit(write)).value();
  }
  const auto watch = open_maps(start);
  EXPECT_EQ(next(*watch), "ERROR");
  EXPECT_EQ(last_->error.http_status(), 410);
  EXPECT_TRUE(last_->error.message.starts_with("too old resource version: " + start + " (")) << last_->error.message;
  EXPECT_EQ(next(*watch), "END");
}

TEST_F(Watch, RefusesInitialEventsWithoutMatch) {
  Request maps = request<corev1::ConfigMap>(Verb::kWatch);
  maps.send_initial_events = true;
  auto watch = finish(server_->watch(std::move(maps)));
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().http_status(), 422);
}

TEST_F(Watch, SharesTheObjectsOfAllWatches) {
  const auto first = open_maps(revision());
  const auto second = open_maps(revision());
  ASSERT_TRUE(create(config_map("a")));
  EXPECT_EQ(next(*first), "ADDED a");
  const Object one = last_->object;
  EXPECT_EQ(next(*second), "ADDED a");
  EXPECT_EQ(one.get(), last_->object.get());
}

}  // namespace
}  // namespace stint
