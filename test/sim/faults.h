// What goes wrong, drawn from the seed, and the journal of what happened. One for a simulation; loop thread only.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/loop.h"

namespace stint::sim {

// A random source of its own, so that a fault more does not change the names of objects.
class Dice {
 public:
  explicit Dice(uint64_t seed) : rng_(seeded_rng(seed)) {}
  bool one_in(int n) { return up_to(n) == 0; }
  int up_to(int n) { return static_cast<int>(rng_->next() % static_cast<uint64_t>(n)); }  // 0 … n - 1
  int between(int low, int high) { return low + up_to(high - low + 1); }

 private:
  std::unique_ptr<Rng> rng_;
};

// The last steps, for the report of a failure.
class Journal {
 public:
  explicit Journal(Loop& loop) : loop_(loop), start_(loop.now()) {}
  void add(std::string text);
  std::string text() const;

 private:
  static constexpr size_t kLinesMax = 60;
  Loop& loop_;
  const WallTime start_;
  std::deque<std::string> lines_;
};

// How often a call or a watch goes wrong. Off: everything works, at once.
struct Faults {
  Faults(Loop& l, uint64_t seed) : loop(l), dice(seed), journal(l) {}

  // Before a call, after it, and before an event of a watch: mostly nothing, at times seconds.
  Task<void> delay(int seldom_one_in);
  bool happens(int one_in) { return on && dice.one_in(one_in); }

  Loop& loop;
  Dice dice;
  Journal journal;
  bool on = false;
  // One in so many; a seed has its own weather.
  int lost_calls = 100, lost_answers = 150, conflicts = 40, slow_calls = 20, slow_events = 30, ended_watches = 300;
  int late_exits = 20, lost_exits = 60, repeated_exits = 20;
};

}  // namespace stint::sim
