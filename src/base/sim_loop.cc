#include "base/sim_loop.h"

#include <cstdlib>

namespace stint {

SimLoop::SimLoop(WallTime start, uint64_t seed) : rng_(seeded_rng(seed)) { clock_.steady = start; }

void SimLoop::run() {
  stopped_ = false;
  while (!stopped_ && (turn() || fire_next_timer(WallTime::max()))) {
  }
}

void SimLoop::run_for(Duration span) {
  stopped_ = false;
  const WallTime end = clock_.steady + span;
  while (!stopped_ && (turn() || fire_next_timer(end))) {
  }
  if (!stopped_) clock_.steady = end;
}

void SimLoop::run_ready() {
  stopped_ = false;
  while (!stopped_ && turn()) {
  }
}

bool SimLoop::turn() {
  if (!posted_.empty()) {
    auto callback = std::move(posted_.front());
    posted_.pop_front();
    callback();
    return true;
  }
  if (ready_.linked()) {
    auto* waiter = static_cast<internal::Waiter*>(ready_.next);
    waiter->unlink();
    waiter->handle.resume();
    return true;
  }
  return false;
}

bool SimLoop::fire_next_timer(WallTime limit) {
  if (timers_.empty() || timers_.begin()->first.first > limit) return false;
  auto node = timers_.extract(timers_.begin());
  timer_times_.erase(node.key().second);
  clock_.steady = std::max(clock_.steady, node.key().first);
  node.mapped()();
  return true;
}

Loop::TimerId SimLoop::call_after(Duration delay, std::function<void()> callback) {
  const TimerId id = ++last_timer_;
  const WallTime at = clock_.steady + std::max(delay, Duration{0});
  timers_.emplace(std::pair{at, id}, std::move(callback));
  timer_times_.emplace(id, at);
  return id;
}

void SimLoop::cancel_timer(TimerId id) {
  auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, id});
  timer_times_.erase(found);
}

void SimLoop::offload(std::function<void()> work, std::function<void()> done) {
  post([work = std::move(work), done = std::move(done)] {
    work();
    done();
  });
}

uint64_t SimLoop::when_readable(int, std::function<void()>) { std::abort(); }
void SimLoop::cancel_readable(uint64_t) {}

}  // namespace stint
