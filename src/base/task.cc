#include "base/task.h"

#include "base/loop.h"

namespace stint {
namespace {

// A root coroutine of a scope: linked into the scope while alive, destroys itself at its end.
struct Root {
  struct promise_type : internal::Waiter {
    Root get_return_object() { return Root{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
    // The Waiter base is the hook for the ready list, this one for the scope. It knows its own frame, so that the scope can destroy it.
    struct ScopeHook : internal::Hook {
      std::coroutine_handle<> frame;
    } scope_hook;
  };
  std::coroutine_handle<promise_type> handle;
};

Root run_root(Task<void> task) { co_await std::move(task); }

}  // namespace

void Scope::spawn(Task<void> task) {
  Root root = run_root(std::move(task));
  auto& promise = root.handle.promise();
  promise.scope_hook.frame = root.handle;
  promise.scope_hook.insert_before(roots_);
  promise.handle = root.handle;
  loop_.make_ready(promise);
}

void Scope::cancel() {
  while (roots_.linked()) {
    static_cast<Root::promise_type::ScopeHook*>(roots_.next)->frame.destroy();
  }
}

void Event::set() {
  set_ = true;
  pulse();
}

void Event::pulse() {
  while (waiters_.linked()) {
    auto* waiter = static_cast<internal::Waiter*>(waiters_.next);
    waiter->unlink();
    loop_.make_ready(*waiter);
  }
}

namespace {
Task<void> count_down(Task<void> task, size_t* left, Event* done) {
  co_await std::move(task);
  if (--*left == 0) done->set();
}
}  // namespace

Task<void> when_all(Loop& loop, std::vector<Task<void>> tasks) {
  size_t left = tasks.size();
  Event done(loop);
  Scope scope(loop);
  if (tasks.empty()) co_return;
  for (auto& task : tasks) scope.spawn(count_down(std::move(task), &left, &done));
  co_await done.wait();
}

}  // namespace stint
