#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <optional>
#include <unordered_map>

#include "base/loop.h"

namespace stint {
namespace {

namespace asio = boost::asio;

class SystemClock : public Clock {
 public:
  WallTime now() const override { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
};

class SystemLoop : public Loop {
 public:
  explicit SystemLoop(int pool_threads) : context_(1), rng_(system_rng()), pool_(static_cast<size_t>(pool_threads)) {}
  ~SystemLoop() override { pool_.join(); }

  asio::io_context& context() { return context_; }
  const Clock& clock() const override { return clock_; }
  Duration steady_now() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
  Rng& rng() override { return *rng_; }
  void run() override {
    auto work = asio::make_work_guard(context_);
    context_.run();
    work.reset();        // the last work's end stops the context too
    context_.restart();  // so that run() may be called again
  }
  void stop() override { context_.stop(); }

  void post(std::function<void()> callback) override { asio::post(context_, std::move(callback)); }
  void post_from_thread(std::function<void()> callback) override { asio::post(context_, std::move(callback)); }

  void make_ready(internal::Waiter& waiter) override {
    waiter.insert_before(ready_);
    if (!drain_posted_) {
      drain_posted_ = true;
      asio::post(context_, [this] { drain(); });
    }
  }

  TimerId call_after(Duration delay, std::function<void()> callback) override {
    TimerId id = ++last_id_;
    auto [it, inserted] = timers_.try_emplace(id, context_, std::chrono::duration_cast<asio::steady_timer::duration>(delay));
    it->second.async_wait([this, id, callback = std::move(callback)](const boost::system::error_code&) {
      if (timers_.erase(id) != 0) callback();  // a cancelled timer is no longer in the map
    });
    return id;
  }
  void cancel_timer(TimerId id) override { timers_.erase(id); }

  void offload(std::function<void()> work, std::function<void()> done) override {
    asio::post(pool_, [this, guard = asio::make_work_guard(context_), work = std::move(work), done = std::move(done)]() mutable {
      work();
      asio::post(context_, std::move(done));
    });
  }

  uint64_t when_readable(int fd, std::function<void()> callback) override {
    uint64_t id = ++last_id_;
    auto [it, inserted] = watched_.try_emplace(id, context_, fd);
    it->second.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, id, callback = std::move(callback)](const boost::system::error_code&) {
                            auto found = watched_.find(id);
                            if (found == watched_.end()) return;
                            found->second.release();
                            watched_.erase(found);
                            callback();
                          });
    return id;
  }
  void cancel_readable(uint64_t id) override {
    auto found = watched_.find(id);
    if (found == watched_.end()) return;
    found->second.release();  // the descriptor stays its owner's
    watched_.erase(found);
  }

 private:
  // One turn: what becomes ready meanwhile waits for the next, so that sockets and timers get theirs.
  void drain() {
    internal::Hook turn;
    while (ready_.linked()) static_cast<internal::Waiter*>(ready_.next)->insert_before(turn);
    drain_posted_ = false;
    while (turn.linked()) {
      auto* waiter = static_cast<internal::Waiter*>(turn.next);
      waiter->unlink();
      waiter->handle.resume();
    }
  }

  SystemClock clock_;
  asio::io_context context_;
  std::unique_ptr<Rng> rng_;
  internal::Hook ready_;
  bool drain_posted_ = false;
  uint64_t last_id_ = 0;
  std::unordered_map<TimerId, asio::steady_timer> timers_;
  std::unordered_map<uint64_t, asio::posix::stream_descriptor> watched_;
  asio::thread_pool pool_;
};

}  // namespace

std::unique_ptr<Loop> make_system_loop(int pool_threads) { return std::make_unique<SystemLoop>(pool_threads); }

void* asio_context(Loop& system_loop) { return &static_cast<SystemLoop&>(system_loop).context(); }

}  // namespace stint
