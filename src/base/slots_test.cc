#include "base/slots.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"

namespace stint {
namespace {

using std::chrono::seconds;

struct Work {
  SimLoop loop{WallTime{}};
  Slots slots{loop, 2};
  int running = 0, most = 0, done = 0;
};

Task<void> do_some(Work& work) {
  const Slots::Held turn = co_await work.slots.take();
  work.most = std::max(work.most, ++work.running);
  co_await sleep_for(work.loop, seconds(1));
  --work.running;
  ++work.done;
}

TEST(Slots, LetNoMoreInThanThereAre) {
  Work work;
  Scope scope(work.loop);
  for (int i = 0; i < 5; ++i) scope.spawn(do_some(work));
  work.loop.run_for(seconds(10));
  EXPECT_EQ(work.done, 5);
  EXPECT_EQ(work.most, 2);
}

TEST(Slots, AreFreedByWhoeverIsCancelledInOne) {
  Work work;
  {
    Scope scope(work.loop);
    for (int i = 0; i < 2; ++i) scope.spawn(do_some(work));
    work.loop.run_ready();
  }
  Scope scope(work.loop);
  scope.spawn(do_some(work));
  work.loop.run_for(seconds(2));
  EXPECT_EQ(work.done, 1);
}

}  // namespace
}  // namespace stint
