#include "server/key_lock.h"

#include <gtest/gtest.h>

#include <string>

#include "base/sim_loop.h"

namespace stint {
namespace {

constexpr WallTime kStart{std::chrono::seconds(1'800'000'000)};

Task<void> hold_for(Loop& loop, KeyLocks& locks, std::string key, char name, std::string& trace) {
  const auto hold = co_await locks.acquire(key);
  trace += name;
  co_await sleep_for(loop, std::chrono::seconds(1));
  trace += name;
}

TEST(KeyLocks, LetOneInAtATimeInOrder) {
  SimLoop loop(kStart);
  KeyLocks locks(loop);
  std::string trace;
  Scope scope(loop);
  for (const char name : {'a', 'b', 'c'}) scope.spawn(hold_for(loop, locks, "k", name, trace));
  loop.run();
  EXPECT_EQ(trace, "aabbcc");
  EXPECT_EQ(locks.held(), 0);
}

TEST(KeyLocks, DoNotMixKeys) {
  SimLoop loop(kStart);
  KeyLocks locks(loop);
  std::string trace;
  Scope scope(loop);
  scope.spawn(hold_for(loop, locks, "k", 'a', trace));
  scope.spawn(hold_for(loop, locks, "l", 'b', trace));
  loop.run();
  EXPECT_EQ(trace, "abab");
}

TEST(KeyLocks, PassOverWaitersThatAreCancelled) {
  SimLoop loop(kStart);
  KeyLocks locks(loop);
  std::string trace;
  Scope first(loop), cancelled(loop), last(loop);
  first.spawn(hold_for(loop, locks, "k", 'a', trace));
  cancelled.spawn(hold_for(loop, locks, "k", 'b', trace));
  last.spawn(hold_for(loop, locks, "k", 'c', trace));
  loop.run_ready();
  cancelled.cancel();
  loop.run();
  EXPECT_EQ(trace, "aacc");
  EXPECT_EQ(locks.held(), 0);
}

TEST(KeyLocks, PassOnAKeyWhoseNextHolderIsCancelledBeforeItResumes) {
  SimLoop loop(kStart);
  KeyLocks locks(loop);
  std::string trace;
  Scope first(loop), second(loop), third(loop);
  first.spawn(hold_for(loop, locks, "k", 'a', trace));
  loop.run_ready();
  second.spawn(hold_for(loop, locks, "k", 'b', trace));
  loop.run_ready();
  third.spawn(hold_for(loop, locks, "k", 'c', trace));
  loop.run_ready();
  first.cancel();   // hands the key to b …
  second.cancel();  // … which goes before it runs
  loop.run();
  EXPECT_EQ(trace, "acc");
  EXPECT_EQ(locks.held(), 0);
}

}  // namespace
}  // namespace stint
