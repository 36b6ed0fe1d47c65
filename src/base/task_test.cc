#include "base/task.h"

#include <gtest/gtest.h>

#include "base/loop.h"
#include "base/sim_loop.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

Task<int> answer(Loop& loop) {
  co_await sleep_for(loop, 2s);
  co_return 42;
}

Task<void> store(Loop& loop, int* out) { *out = co_await answer(loop); }

TEST(Task, RunsInVirtualTimeAndReturnsItsValue) {
  SimLoop loop(WallTime{});
  Scope scope(loop);
  int value = 0;
  scope.spawn(store(loop, &value));
  loop.run_for(1s);
  EXPECT_EQ(value, 0);
  loop.run_for(1s);
  EXPECT_EQ(value, 42);
  EXPECT_TRUE(scope.empty());
}

TEST(Task, IsCancelledWithItsScope) {
  SimLoop loop(WallTime{});
  int value = 0;
  {
    Scope scope(loop);
    scope.spawn(store(loop, &value));
    loop.run_for(1s);
  }
  loop.run();
  EXPECT_EQ(value, 0);
}

Task<void> wait_and_count(Event& event, int* count) {
  co_await event.wait();
  ++*count;
}

TEST(Event, WakesEveryWaiterOnceAndStaysSet) {
  SimLoop loop(WallTime{});
  Scope scope(loop);
  Event event(loop);
  int count = 0;
  scope.spawn(wait_and_count(event, &count));
  scope.spawn(wait_and_count(event, &count));
  loop.run();
  EXPECT_EQ(count, 0);
  event.set();
  scope.spawn(wait_and_count(event, &count));
  loop.run();
  EXPECT_EQ(count, 3);
}

Task<void> try_with_limit(Loop& loop, Duration limit, std::optional<int>* out, bool* done) {
  *out = co_await with_timeout(loop, limit, answer(loop));
  *done = true;
}

TEST(WithTimeout, GivesTheValueOrNothing) {
  SimLoop loop(WallTime{});
  Scope scope(loop);
  std::optional<int> early, late;
  bool early_done = false, late_done = false;
  scope.spawn(try_with_limit(loop, 1s, &early, &early_done));
  scope.spawn(try_with_limit(loop, 3s, &late, &late_done));
  loop.run();
  EXPECT_TRUE(early_done);
  EXPECT_TRUE(late_done);
  EXPECT_EQ(early, std::nullopt);
  EXPECT_EQ(late, 42);
}

Task<void> pool_round_trip(Loop& loop, int* out) {
  *out = co_await on_pool(loop, [] { return 7; });
  loop.stop();
}

TEST(SystemLoop, BringsPoolResultsBackToTheLoop) {
  auto loop = make_system_loop(1);
  Scope scope(*loop);
  int value = 0;
  scope.spawn(pool_round_trip(*loop, &value));
  loop->run();
  EXPECT_EQ(value, 7);
}

}  // namespace
}  // namespace stint
