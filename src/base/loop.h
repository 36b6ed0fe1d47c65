// The one loop thread: ready coroutines, timers, blocking work handed to a pool, descriptors that became readable.
// Everything but `post_from_thread` and `stop_from_thread` is for the loop thread only. Two implementations: `make_system_loop()`
// (Boost.Asio), and `SimLoop` (base/sim_loop.h) in virtual time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include "base/clock.h"
#include "base/task.h"

namespace stint {

class Loop {
 public:
  using TimerId = uint64_t;  // never 0

  virtual ~Loop() = default;
  virtual const Clock& clock() const = 0;
  WallTime now() const { return clock().now(); }
  virtual Duration steady_now() const = 0;  // since a moment of its own choice; never jumps, for spans within one life
  virtual Rng& rng() = 0;

  // Runs until stop() or, for SimLoop, until nothing is left to do.
  virtual void run() = 0;
  virtual void stop() = 0;

  virtual void post(std::function<void()> callback) = 0;
  virtual void post_from_thread(std::function<void()> callback) = 0;
  // Puts the waiter at the end of the ready list; it resumes in the next turn unless destroyed before.
  virtual void make_ready(internal::Waiter& waiter) = 0;
  // Monotonic; a negative delay is 0.
  virtual TimerId call_after(Duration delay, std::function<void()> callback) = 0;
  virtual void cancel_timer(TimerId id) = 0;
  // Runs `work` on a pool thread (SimLoop: inline), then `done` on the loop.
  virtual void offload(std::function<void()> work, std::function<void()> done) = 0;
  // One-shot: calls back once when fd is readable or hung up. The watch must be cancelled before fd is closed.
  virtual uint64_t when_readable(int fd, std::function<void()> callback) = 0;
  virtual void cancel_readable(uint64_t id) = 0;
};

// `pool_threads`: for blocking work. The loop belongs to the thread that calls run().
std::unique_ptr<Loop> make_system_loop(int pool_threads);
// The io_context behind a loop from make_system_loop, for src/wire only (Boost.Asio's type, kept out of this header).
void* asio_context(Loop& system_loop);

// co_await sleep_for(loop, 5s)
class SleepAwaiter {
 public:
  SleepAwaiter(Loop& loop, Duration delay) : loop_(loop), delay_(delay) {}
  SleepAwaiter(const SleepAwaiter&) = delete;
  ~SleepAwaiter() {
    if (timer_ != 0) loop_.cancel_timer(timer_);
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    timer_ = loop_.call_after(delay_, [this, handle] {
      timer_ = 0;
      handle.resume();
    });
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  Duration delay_;
  Loop::TimerId timer_ = 0;
};
inline SleepAwaiter sleep_for(Loop& loop, Duration delay) { return SleepAwaiter(loop, delay); }

// co_await readable(loop, fd)
class ReadableAwaiter {
 public:
  ReadableAwaiter(Loop& loop, int fd) : loop_(loop), fd_(fd) {}
  ReadableAwaiter(const ReadableAwaiter&) = delete;
  ~ReadableAwaiter() {
    if (id_ != 0) loop_.cancel_readable(id_);
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    id_ = loop_.when_readable(fd_, [this, handle] {
      id_ = 0;
      handle.resume();
    });
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  int fd_;
  uint64_t id_ = 0;
};
inline ReadableAwaiter readable(Loop& loop, int fd) { return ReadableAwaiter(loop, fd); }

// auto result = co_await on_pool(loop, [copy...] { return blocking_call(); });
// When the awaiting task is destroyed the work still finishes; its result is dropped. So `work` must own what it uses.
template <class Work>
class PoolAwaiter {
 public:
  using Value = std::invoke_result_t<Work>;
  PoolAwaiter(Loop& loop, Work work) : loop_(loop), state_(std::make_shared<State>(std::move(work))) {}
  PoolAwaiter(const PoolAwaiter&) = delete;
  ~PoolAwaiter() { state_->handle = nullptr; }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    state_->handle = handle;
    loop_.offload([state = state_] { state->run(); },
                  [state = state_] {
                    if (auto h = std::exchange(state->handle, nullptr)) h.resume();
                  });
  }
  Value await_resume() {
    if constexpr (!std::is_void_v<Value>) return std::move(*state_->value);
  }

 private:
  struct State {
    explicit State(Work w) : work(std::move(w)) {}
    void run() {
      if constexpr (std::is_void_v<Value>) {
        work();
      } else {
        value.emplace(work());
      }
    }
    Work work;
    std::conditional_t<std::is_void_v<Value>, char, std::optional<Value>> value{};
    std::coroutine_handle<> handle;  // loop thread only
  };
  Loop& loop_;
  std::shared_ptr<State> state_;
};
template <class Work>
PoolAwaiter<Work> on_pool(Loop& loop, Work work) {
  return PoolAwaiter<Work>(loop, std::move(work));
}

// The task's value, or nothing when `limit` passed first (the task is then cancelled).
template <class T>
Task<std::optional<T>> with_timeout(Loop& loop, Duration limit, Task<T> task);

// Runs all tasks at once and waits for the last; a frame destroyed early cancels them all.
Task<void> when_all(Loop& loop, std::vector<Task<void>> tasks);

// --- implementation ---

namespace internal {
template <class T>
Task<void> store_result(Task<T> task, std::optional<T>* out, Event* done) {
  out->emplace(co_await std::move(task));
  done->set();
}
}  // namespace internal

template <class T>
Task<std::optional<T>> with_timeout(Loop& loop, Duration limit, Task<T> task) {
  std::optional<T> value;
  Event done(loop);
  Scope scope(loop);
  scope.spawn(internal::store_result(std::move(task), &value, &done));
  Loop::TimerId timer = loop.call_after(limit, [&done, &timer] {
    timer = 0;
    done.set();
  });
  struct Cancel {
    Loop& loop;
    Loop::TimerId& timer;
    ~Cancel() {
      if (timer != 0) loop.cancel_timer(timer);
    }
  } cancel{loop, timer};
  co_await done.wait();
  co_return std::move(value);
}

}  // namespace stint
