#include "client/work_queue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/sim_loop.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

using SyncResult = Result<std::optional<Duration>>;

// A sync that takes its time and answers from a script.
struct Script {
  explicit Script(Loop& l) : loop(l) {}
  Loop& loop;
  Duration takes = 0s;
  std::deque<SyncResult> answers;  // then success
  std::vector<std::string> started;
  std::vector<Duration> at;
  int running = 0, running_max = 0;
};

Task<SyncResult> run_script(Script& script, std::string key) {
  script.started.push_back(std::move(key));
  script.at.push_back(script.loop.now().time_since_epoch());
  script.running_max = std::max(script.running_max, ++script.running);
  if (script.takes > 0s) co_await sleep_for(script.loop, script.takes);
  --script.running;
  if (script.answers.empty()) co_return SyncResult(std::nullopt);
  SyncResult answer = std::move(script.answers.front());
  script.answers.pop_front();
  co_return answer;
}

class WorkQueueTest : public testing::Test {
 protected:
  using Strings = std::vector<std::string>;
  using Times = std::vector<Duration>;

  SimLoop loop_{WallTime{}};
  Script script_{loop_};
  WorkQueue queue_{loop_, "test", {.workers = 2}, [this](std::string key) { return run_script(script_, std::move(key)); }};
};

TEST_F(WorkQueueTest, RunsAKeyOnceHoweverOftenItIsAdded) {
  queue_.add("a");
  queue_.add("b");
  queue_.add("a");
  EXPECT_FALSE(queue_.idle());
  queue_.start();
  loop_.run_ready();
  EXPECT_EQ(script_.started, (Strings{"a", "b"}));
  EXPECT_TRUE(queue_.idle());
}

TEST_F(WorkQueueTest, RunsAKeyAgainThatWasAddedWhileItRanAndNeverTwiceAtOnce) {
  script_.takes = 5s;
  queue_.start();
  queue_.add("a");
  loop_.run_for(1s);
  queue_.add("a");
  queue_.add("a");
  loop_.run_for(1s);
  EXPECT_EQ(script_.started, (Strings{"a"}));
  loop_.run_for(20s);
  EXPECT_EQ(script_.at, (Times{0s, 5s}));
  EXPECT_EQ(script_.running_max, 1);
}

TEST_F(WorkQueueTest, RunsAsManyKeysAtOnceAsItHasWorkers) {
  script_.takes = 5s;
  queue_.start();
  for (const char* key : {"a", "b", "c"}) queue_.add(key);
  loop_.run_for(20s);
  EXPECT_EQ(script_.running_max, 2);
  EXPECT_EQ(script_.at, (Times{0s, 0s, 5s}));
}

TEST_F(WorkQueueTest, RetriesFailuresWithDoublingDelaysUntilSuccessResetsThem) {
  for (int i = 0; i < 8; ++i) script_.answers.push_back(fail(Reason::kInternalError, "no"));
  queue_.start();
  queue_.add("a");
  loop_.run_for(1h);
  EXPECT_EQ(script_.at, (Times{0s, 1s, 3s, 7s, 15s, 31s, 63s, 123s, 183s}));
  script_.at.clear();
  script_.answers.push_back(fail(Reason::kInternalError, "no"));
  queue_.add("a");
  loop_.run_for(1h);
  EXPECT_EQ(script_.at, (Times{1h, 1h + 1s}));
}

TEST_F(WorkQueueTest, LooksAgainWhenTheSyncAsksForIt) {
  script_.answers.push_back(std::optional<Duration>(10s));
  script_.answers.push_back(std::optional<Duration>(0s));
  queue_.start();
  queue_.add("a");
  loop_.run_for(1min);
  EXPECT_EQ(script_.at, (Times{0s, 10s, 10s}));
}

TEST_F(WorkQueueTest, LetsTheEarliestOfDelayedAddsWin) {
  queue_.start();
  queue_.add_after("a", 10s);
  queue_.add_after("a", 5s);
  queue_.add_after("a", 20s);
  loop_.run_for(1min);
  EXPECT_EQ(script_.at, (Times{5s}));
}

TEST_F(WorkQueueTest, WaitsNoLongerWhenTheClockIsSet) {
  queue_.start();
  queue_.add_after("a", 5min);
  loop_.jump_wall_clock(1h);
  queue_.add_after("a", 5s);
  loop_.run_for(10s);
  EXPECT_EQ(script_.at.size(), 1u);
}

TEST_F(WorkQueueTest, ForgetsDelaysAndFailures) {
  script_.answers.push_back(fail(Reason::kInternalError, "no"));
  script_.answers.push_back(fail(Reason::kInternalError, "no"));
  queue_.start();
  queue_.add("a");
  loop_.run_ready();
  queue_.forget("a");
  loop_.run_for(10s);
  EXPECT_EQ(script_.at, (Times{0s}));
  queue_.add("a");
  loop_.run_for(1min);
  EXPECT_EQ(script_.at, (Times{0s, 10s, 11s}));
}

TEST_F(WorkQueueTest, SlowsAKeyDownThatWakesItselfAtOnceButNoOther) {
  for (int i = 0; i < 10'000; ++i) script_.answers.push_back(std::optional<Duration>(0s));
  queue_.start();
  queue_.add("spins");
  loop_.run_for(500ms);
  EXPECT_LE(script_.started.size(), 100u);
  queue_.add("other");
  loop_.run_ready();
  EXPECT_EQ(script_.started.back(), "other") << "at once";
  loop_.run_for(10s);
  EXPECT_LE(std::ranges::count(script_.started, "spins"), 11 * 150);
}

TEST(WorkQueue, LeavesNoTimerBehind) {
  SimLoop loop{WallTime{}};
  Script script(loop);
  {
    WorkQueue queue(loop, "test", {}, [&](std::string key) { return run_script(script, std::move(key)); });
    queue.start();
    queue.add_after("a", 1s);
    loop.run_ready();
  }
  loop.run();
  EXPECT_TRUE(script.started.empty());
}

}  // namespace
}  // namespace stint
