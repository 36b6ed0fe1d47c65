// For tests of drivers: virtual time whose loop also takes callbacks from other threads and waits for them in earnest.
// Loop thread only, but for post_from_thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "base/sim_loop.h"

namespace stint {

class ThreadedSimLoop : public SimLoop {
 public:
  ThreadedSimLoop() : SimLoop(WallTime{}) {}

  void post_from_thread(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(callback));
    changed_.notify_one();
  }

  // Runs the loop until `done`; waits for other threads where nothing is ready. REQUIRES: they bring it about.
  void run_until(const std::function<bool()>& done) {
    run_ready();
    while (!done()) {
      take_arrived();
      run_ready();
    }
  }

  // The value of the task.
  template <class T>
  T await(Task<T> task) {
    Scope scope(*this);
    Event finished(*this);
    std::optional<T> value;
    scope.spawn(internal::store_result(std::move(task), &value, &finished));
    run_until([&] { return finished.is_set(); });
    run_ready();
    return std::move(*value);
  }

 private:
  void take_arrived() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !arrived_.empty(); });
    for (auto& callback : arrived_) post(std::move(callback));
    arrived_.clear();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> arrived_;  // guarded by mutex_
};

}  // namespace stint
