// Coroutines on one loop thread. A `Task` is lazy: it runs when awaited or spawned into a `Scope`. Destroying a suspended
// task cancels it: its frame is destroyed, every awaiter takes itself out of whatever it waited for, and whoever it awaited
// is destroyed with it. So a Scope cannot leak work, and nobody waits for ever. Not thread-safe: loop thread only.
//
// Rules for coroutine functions: parameters by value (or references that outlive the scope), no capturing lambdas.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace stint {

template <class T>
class Task;

namespace internal {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    return handle.promise().continuation ? handle.promise().continuation : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation;
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
};

template <class T>
struct Promise : PromiseBase {
  std::variant<std::monostate, T, std::exception_ptr> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.template emplace<1>(std::forward<U>(result));
  }
  void unhandled_exception() { value.template emplace<2>(std::current_exception()); }
  T take() {
    if (value.index() == 2) std::rethrow_exception(std::get<2>(value));
    return std::move(std::get<1>(value));
  }
};

template <>
struct Promise<void> : PromiseBase {
  std::exception_ptr error;
  Task<void> get_return_object();
  void return_void() {}
  void unhandled_exception() { error = std::current_exception(); }
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace internal

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

namespace internal {
template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() { return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this)); }

// A node of a circular doubly linked list; unlinks itself when destroyed.
struct Hook {
  Hook* prev = this;
  Hook* next = this;
  Hook() = default;
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;
  ~Hook() { unlink(); }
  bool linked() const { return next != this; }
  void unlink() {
    prev->next = next;
    next->prev = prev;
    prev = next = this;
  }
  void insert_before(Hook& other) {
    unlink();
    prev = other.prev;
    next = &other;
    other.prev->next = this;
    other.prev = this;
  }
};

// A suspended coroutine waiting in an Event or in the loop's ready list.
struct Waiter : Hook {
  std::coroutine_handle<> handle;
};

}  // namespace internal

class Loop;

// Owns running coroutines. Destroying the scope cancels them all; a task must not destroy the scope that it runs in.
class Scope {
 public:
  explicit Scope(Loop& loop) : loop_(loop) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { cancel(); }

  // Starts the task from the loop's next turn. An exception that escapes it ends the process: errors are values here.
  void spawn(Task<void> task);
  void cancel();
  bool empty() const { return !roots_.linked(); }
  Loop& loop() const { return loop_; }

 private:
  Loop& loop_;
  internal::Hook roots_;
};

// Something that happened, or not yet. Waiters resume from the loop, in order, never inside set().
class Event {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  void set();  // wakes all waiters and stays set
  void reset() { set_ = false; }
  void pulse();  // wakes present waiters only
  bool is_set() const { return set_; }

  struct Awaiter : internal::Waiter {
    Event& event;
    explicit Awaiter(Event& e) : event(e) {}
    bool await_ready() const noexcept { return event.set_; }
    void await_suspend(std::coroutine_handle<> h) noexcept {
      handle = h;
      insert_before(event.waiters_);
    }
    void await_resume() const noexcept {}
  };
  Awaiter wait() { return Awaiter(*this); }

 private:
  Loop& loop_;
  internal::Hook waiters_;
  bool set_ = false;
};

}  // namespace stint
