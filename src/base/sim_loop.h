// The loop in virtual time: when nothing is ready, the clock jumps to the next timer. Single-threaded and repeatable by
// seed; for tests. Loop thread only.
#pragma once

#include <deque>
#include <map>

#include "base/loop.h"

namespace stint {

class SimLoop : public Loop {
 public:
  explicit SimLoop(WallTime start, uint64_t seed = 1);

  const Clock& clock() const override { return clock_; }
  Duration steady_now() const override { return clock_.steady.time_since_epoch(); }
  Rng& rng() override { return *rng_; }
  void run() override;  // until idle or stop()
  void stop() override { stopped_ = true; }
  // Runs everything due up to now + span and leaves the clock there.
  void run_for(Duration span);
  // Runs what is ready now, without moving the clock.
  void run_ready();
  // Moves the wall clock alone, as an administrator or NTP would; timers do not notice.
  void jump_wall_clock(Duration by) { clock_.offset += by; }

  void post(std::function<void()> callback) override { posted_.push_back(std::move(callback)); }
  void post_from_thread(std::function<void()> callback) override { post(std::move(callback)); }
  void make_ready(internal::Waiter& waiter) override { waiter.insert_before(ready_); }
  TimerId call_after(Duration delay, std::function<void()> callback) override;
  void cancel_timer(TimerId id) override;
  void offload(std::function<void()> work, std::function<void()> done) override;
  uint64_t when_readable(int fd, std::function<void()> callback) override;  // asserts: no descriptors in virtual time
  void cancel_readable(uint64_t id) override;

 private:
  struct VirtualClock : Clock {
    WallTime steady;
    Duration offset{0};
    WallTime now() const override { return steady + offset; }
  };
  bool turn();  // false: nothing was ready
  bool fire_next_timer(WallTime limit);

  VirtualClock clock_;
  std::unique_ptr<Rng> rng_;
  std::deque<std::function<void()>> posted_;
  internal::Hook ready_;
  std::map<std::pair<WallTime, TimerId>, std::function<void()>> timers_;
  std::map<TimerId, WallTime> timer_times_;
  TimerId last_timer_ = 0;
  bool stopped_ = false;
};

}  // namespace stint
