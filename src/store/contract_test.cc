// What every driver promises, run over each of them.
#include <gtest/gtest.h>

#include <algorithm>

#include "store/store.h"
#include "store/stores.h"
#include "store/temp_dir.h"
#include "store/threaded_sim_loop.h"

namespace stint {
namespace {

std::shared_ptr<const std::string> text(std::string value) { return std::make_shared<const std::string>(std::move(value)); }

class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  Result<Revision> put(std::string key, std::string value, Revision expected = 0) {
    return loop_.await(store_->commit(Write{std::move(key), text(std::move(value)), expected}));
  }
  Result<Revision> erase(std::string key, Revision expected) {
    return loop_.await(store_->commit(Write{std::move(key), nullptr, expected}));
  }

  std::vector<std::string> keys(const RangeOptions& options) {
    auto range = store_->range(options);
    EXPECT_TRUE(range) << range.error().message;
    std::vector<std::string> found;
    if (!range) return found;
    for (const Entry& entry : range->entries) found.push_back(entry.key + "=" + *entry.value);
    return found;
  }

  std::unique_ptr<StoreWatch> watch(std::string prefix, Revision from) {
    auto made = store_->watch(std::move(prefix), from);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }

  // "+key=value" created, "~key=value" updated, "-key" deleted.
  static std::string show(const Change& change) {
    if (!change.value) return "-" + change.key;
    return (change.previous ? "~" : "+") + change.key + "=" + *change.value;
  }
  static std::vector<std::string> drain(StoreWatch& watch) {
    std::vector<std::string> changes;
    while (auto change = watch.poll()) changes.push_back(show(*change));
    return changes;
  }

  TempDir dir_;
  ThreadedSimLoop loop_;
  std::unique_ptr<Store> store_ = open_store(GetParam(), loop_, dir_ / ".").value();
};

using Strings = std::vector<std::string>;

TEST_P(StoreContract, StartsEmptyAtRevisionOneAndGivesTheFirstWriteTwo) {
  EXPECT_EQ(store_->revision(), 1);
  EXPECT_EQ(store_->compacted(), 1);
  EXPECT_FALSE(store_->get("/a"));
  EXPECT_EQ(put("/a", "1"), 2);
  EXPECT_EQ(store_->revision(), 2);
}

TEST_P(StoreContract, KeepsTheCreateRevisionOverUpdatesAndForgetsItWithADeletion) {
  const Revision created = *put("/a", "1");
  const Revision updated = *put("/a", "2", created);
  auto entry = store_->get("/a");
  ASSERT_TRUE(entry);
  EXPECT_EQ(*entry->value, "2");
  EXPECT_EQ(entry->create_revision, created);
  EXPECT_EQ(entry->mod_revision, updated);
  const Revision deleted = *erase("/a", updated);
  EXPECT_EQ(deleted, updated + 1);
  EXPECT_FALSE(store_->get("/a"));
  const Revision again = *put("/a", "3");
  EXPECT_EQ(store_->get("/a")->create_revision, again);
}

TEST_P(StoreContract, RefusesAWriteWhoseExpectationDoesNotHold) {
  const Revision created = *put("/a", "1");
  EXPECT_EQ(put("/a", "2").error().reason, Reason::kConflict);
  EXPECT_EQ(put("/a", "2", created + 7).error().reason, Reason::kConflict);
  EXPECT_EQ(put("/b", "2", created).error().reason, Reason::kConflict);
  EXPECT_EQ(erase("/a", created - 1).error().reason, Reason::kConflict);
  EXPECT_EQ(erase("/b", 0).error().reason, Reason::kNotFound);
  EXPECT_EQ(store_->revision(), created);
  EXPECT_EQ(*store_->get("/a")->value, "1");
}

Task<void> commit_into(Store& store, Write write, std::vector<Result<Revision>>* results) {
  results->push_back(co_await store.commit(std::move(write)));
}

TEST_P(StoreContract, LetsOneOfTwoConcurrentWritersOfAKeyWin) {
  Scope scope(loop_);
  std::vector<Result<Revision>> results;
  scope.spawn(commit_into(*store_, Write{"/a", text("first"), 0}, &results));
  scope.spawn(commit_into(*store_, Write{"/a", text("second"), 0}, &results));
  loop_.run_until([&] { return results.size() == 2; });
  const bool first_won = results[0].has_value();
  EXPECT_NE(first_won, results[1].has_value());
  EXPECT_EQ(results[first_won ? 1 : 0].error().reason, Reason::kConflict);
  EXPECT_EQ(*store_->get("/a")->value, "first");
}

TEST_P(StoreContract, LetsAWriteBuildOnOneThatIsStillOnItsWay) {
  Scope scope(loop_);
  std::vector<Result<Revision>> results;
  scope.spawn(commit_into(*store_, Write{"/a", text("1"), 0}, &results));
  scope.spawn(commit_into(*store_, Write{"/a", text("2"), 2}, &results));
  scope.spawn(commit_into(*store_, Write{"/a", nullptr, 3}, &results));
  scope.spawn(commit_into(*store_, Write{"/a", text("4"), 0}, &results));
  loop_.run_until([&] { return results.size() == 4; });
  for (size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], static_cast<Revision>(i + 2));
  EXPECT_EQ(store_->get("/a")->create_revision, 5);
}

TEST_P(StoreContract, CommitsAnAbandonedWriteAllTheSame) {
  {
    Scope scope(loop_);
    std::vector<Result<Revision>> dropped;
    scope.spawn(commit_into(*store_, Write{"/a", text("1"), 0}, &dropped));
    loop_.run_ready();
  }
  EXPECT_EQ(put("/b", "2"), 3);
  EXPECT_TRUE(store_->get("/a"));
}

TEST_P(StoreContract, RangesByPrefixInKeyOrderPageByPage) {
  for (const char* key : {"/pods/b/1", "/pods/a/2", "/pods/a/1", "/podsets/a", "/jobs/a/1"}) ASSERT_TRUE(put(key, "x"));
  EXPECT_EQ(keys({.prefix = "/pods/"}), (Strings{"/pods/a/1=x", "/pods/a/2=x", "/pods/b/1=x"}));
  EXPECT_EQ(keys({.prefix = "/pods/a/"}), (Strings{"/pods/a/1=x", "/pods/a/2=x"}));
  auto page = store_->range({.prefix = "/pods/", .limit = 2});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries.size(), 2u);
  EXPECT_EQ(page->remaining, 1u);
  EXPECT_EQ(store_->range({.prefix = "/pods/", .limit = 1, .counts_remaining = false})->remaining, 1u);
  EXPECT_EQ(page->revision, store_->revision());
  EXPECT_EQ(keys({.prefix = "/pods/", .start_after = page->entries.back().key}), (Strings{"/pods/b/1=x"}));
  EXPECT_EQ(keys({.prefix = "/zebras/"}), Strings{});
}

TEST_P(StoreContract, ShowsPastStates) {
  const Revision r1 = *put("/a", "1");
  const Revision r2 = *put("/b", "1");
  const Revision r3 = *put("/a", "2", r1);
  const Revision r4 = *erase("/a", r3);
  const Revision r5 = *put("/a", "3");
  EXPECT_EQ(keys({.prefix = "/", .revision = 1}), Strings{});
  EXPECT_EQ(keys({.prefix = "/", .revision = r1}), (Strings{"/a=1"}));
  EXPECT_EQ(keys({.prefix = "/", .revision = r2}), (Strings{"/a=1", "/b=1"}));
  EXPECT_EQ(keys({.prefix = "/", .revision = r3}), (Strings{"/a=2", "/b=1"}));
  EXPECT_EQ(keys({.prefix = "/", .revision = r4}), (Strings{"/b=1"}));
  EXPECT_EQ(keys({.prefix = "/", .revision = r5}), (Strings{"/a=3", "/b=1"}));
  auto past = store_->range({.prefix = "/a", .revision = r3});
  EXPECT_EQ(past->entries[0].create_revision, r1);
  EXPECT_EQ(past->entries[0].mod_revision, r3);
  EXPECT_EQ(past->revision, r3);
  EXPECT_EQ(store_->range({.prefix = "/", .revision = r5 + 1}).error().reason, Reason::kTimeout);
  EXPECT_EQ(store_->range({.prefix = "/", .revision = 0}).error().reason, Reason::kExpired);
}

TEST_P(StoreContract, WatchesOnePrefixFromARevisionOn) {
  const Revision r1 = *put("/jobs/a", "1");
  const Revision r2 = *put("/jobs/a", "2", r1);
  ASSERT_TRUE(put("/pods/a", "1"));
  auto late = watch("/jobs/", r1);
  auto all = watch("", 1);
  EXPECT_EQ(drain(*late), (Strings{"~/jobs/a=2"}));
  ASSERT_TRUE(erase("/jobs/a", r2));
  EXPECT_EQ(drain(*late), (Strings{"-/jobs/a"}));
  EXPECT_EQ(drain(*all), (Strings{"+/jobs/a=1", "~/jobs/a=2", "+/pods/a=1", "-/jobs/a"}));
}

TEST_P(StoreContract, TellsAChangeWithWhatWasThereBefore) {
  const Revision r1 = *put("/a", "1");
  const Revision r2 = *put("/a", "2", r1);
  const Revision r3 = *erase("/a", r2);
  auto changes = watch("/a", r1);
  auto update = changes->poll();
  ASSERT_TRUE(update);
  EXPECT_EQ(*update->previous, "1");
  EXPECT_EQ(update->previous_revision, r1);
  EXPECT_EQ(update->create_revision, r1);
  EXPECT_EQ(update->revision, r2);
  auto deletion = changes->poll();
  ASSERT_TRUE(deletion);
  EXPECT_FALSE(deletion->value);
  EXPECT_EQ(*deletion->previous, "2");
  EXPECT_EQ(deletion->previous_revision, r2);
  EXPECT_EQ(deletion->create_revision, r1);
  EXPECT_EQ(deletion->revision, r3);
}

Task<void> read_changes(StoreWatch& watch, size_t count, std::vector<Revision>* revisions) {
  while (revisions->size() < count) {
    auto change = co_await watch.next();
    if (!change) co_return;
    revisions->push_back(change->revision);
  }
}

TEST_P(StoreContract, WakesAWaitingReaderInRevisionOrder) {
  auto changes = watch("/", 1);
  Scope scope(loop_);
  std::vector<Revision> revisions;
  scope.spawn(read_changes(*changes, 3, &revisions));
  loop_.run_ready();
  for (const char* key : {"/c", "/b", "/a"}) ASSERT_TRUE(put(key, "x"));
  loop_.run_ready();
  EXPECT_EQ(revisions, (std::vector<Revision>{2, 3, 4}));
}

TEST_P(StoreContract, ReportsTheProgressOfAWatchAlsoOverOtherKeys) {
  auto changes = watch("/jobs/", 1);
  const Revision other = *put("/pods/a", "1");
  EXPECT_EQ(changes->progress(), other);
  const Revision own = *put("/jobs/a", "1");
  EXPECT_EQ(changes->progress(), own - 1);
  drain(*changes);
  EXPECT_EQ(changes->progress(), own);
}

TEST_P(StoreContract, WaitsForARevisionThatLiesAhead) {
  auto changes = watch("/", 3);
  ASSERT_TRUE(put("/a", "1"));
  ASSERT_TRUE(put("/b", "1"));
  EXPECT_EQ(changes->progress(), 3);
  ASSERT_TRUE(put("/c", "1"));
  EXPECT_EQ(drain(*changes), (Strings{"+/c=1"}));
}

TEST_P(StoreContract, CutsOffAReaderThatFallsTooFarBehind) {
  auto slow = watch("/hot", 1);
  auto quiet = watch("/cold", 1);
  std::vector<Result<Revision>> results;
  constexpr size_t kTogether = 4096;
  while (results.size() <= Store::kWatchBacklogMax) {
    Scope scope(loop_);
    const size_t before = results.size();
    for (size_t i = 0; i < kTogether; ++i) {
      scope.spawn(commit_into(*store_, Write{"/hot/" + std::to_string(before + i), text("x"), 0}, &results));
    }
    loop_.run_until([&] { return results.size() == before + kTogether; });
  }
  EXPECT_TRUE(std::ranges::all_of(results, [](const auto& result) { return result.has_value(); }));
  EXPECT_FALSE(slow->poll());
  EXPECT_EQ(loop_.await(slow->next()).error().reason, Reason::kExpired);
  EXPECT_EQ(quiet->progress(), store_->revision());
  EXPECT_EQ(store_->watch("/hot", 1).error().reason, Reason::kExpired);
  ASSERT_TRUE(put("/cold", "1"));
  EXPECT_EQ(drain(*quiet), (Strings{"+/cold=1"}));
}

TEST_P(StoreContract, CutsOffAReaderThatHoldsTooManyBytes) {
  auto slow = watch("/hot", 1);
  const std::string large(Store::kWatchBacklogBytesMax / 8 - 100, 'x');
  for (int i = 0; i < 9; ++i) {
    EXPECT_FALSE(slow->cut_off()) << i;
    ASSERT_TRUE(put("/hot/" + std::to_string(i), large));
  }
  EXPECT_TRUE(slow->cut_off());
  EXPECT_EQ(loop_.await(slow->next()).error().reason, Reason::kExpired);
}

TEST_P(StoreContract, SurvivesWatchesThatOutliveIt) {
  auto orphan = watch("/", 1);
  store_.reset();
  EXPECT_EQ(loop_.await(orphan->next()).error().reason, Reason::kExpired);
}

TEST_P(StoreContract, ForgetsTheStatesBeforeTheOneItIsCompactedTo) {
  const Revision first = put("a/x", "1").value();
  const Revision second = put("a/x", "2", first).value();
  const Revision third = erase("a/x", second).value();
  const auto early = watch("a/", first);
  store_->compact(second);
  EXPECT_EQ(store_->compacted(), second);
  EXPECT_EQ(store_->range({.prefix = "a/", .revision = first}).error().reason, Reason::kExpired);
  EXPECT_EQ(store_->watch("a/", first).error().reason, Reason::kExpired);
  EXPECT_EQ(keys({.prefix = "a/", .revision = second}), (std::vector<std::string>{"a/x=2"}));
  EXPECT_EQ(drain(*early), (std::vector<std::string>{"~a/x=2", "-a/x"}));  // what was open sees all the same
  store_->compact(third);
  EXPECT_EQ(store_->revision(), third);
  EXPECT_EQ(put("a/x", "3").value(), third + 1);
}

INSTANTIATE_TEST_SUITE_P(Drivers, StoreContract, testing::ValuesIn(store_names()),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

}  // namespace
}  // namespace stint
