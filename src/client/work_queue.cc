#include "client/work_queue.h"

#include <algorithm>

#include "base/log.h"
#include "client/queue_metrics.h"

namespace stint {

WorkQueue::WorkQueue(Loop& loop, std::string name, Options options, Sync sync, Metrics* metrics)
    : loop_(loop), name_(std::move(name)), options_(options), sync_(std::move(sync)), wake_(loop), scope_(loop) {
  if (metrics != nullptr) metrics_ = std::make_unique<QueueMetrics>(*metrics, name_, loop_, running_, busiest_);
}

WorkQueue::~WorkQueue() {
  for (const auto& [key, delayed] : delayed_) loop_.cancel_timer(delayed.timer);
}

Duration WorkQueue::pause_before(const std::string& key) const {
  return busiest_.runs_of(key, loop_.steady_now()) < kRunsFree ? Duration{0} : kPause;
}

void WorkQueue::add(std::string key) { add_after(std::move(key), Duration{0}); }

void WorkQueue::add_after(std::string key, Duration delay) {
  if (queued_.contains(key) && delay <= Duration{0}) return;
  delay = std::max(delay, pause_before(key));
  if (delay > Duration{0}) {
    schedule(std::move(key), delay);
  } else {
    enqueue(std::move(key));
  }
}

void WorkQueue::enqueue(std::string key) {
  if (!queued_.emplace(key, loop_.steady_now()).second) return;
  if (metrics_) metrics_->added();
  if (!running_.contains(key)) make_ready(std::move(key));
}

void WorkQueue::schedule(std::string key, Duration delay) {
  const Duration due = loop_.steady_now() + delay;
  auto found = delayed_.find(key);
  if (found != delayed_.end()) {
    if (found->second.due <= due) return;
    loop_.cancel_timer(found->second.timer);
    delayed_.erase(found);
  }
  const Loop::TimerId timer = loop_.call_after(delay, [this, key] {
    delayed_.erase(key);
    enqueue(key);
  });
  delayed_.emplace(std::move(key), Delayed{due, timer});
}

void WorkQueue::forget(const std::string& key) {
  failures_.erase(key);
  auto found = delayed_.find(key);
  if (found == delayed_.end()) return;
  loop_.cancel_timer(found->second.timer);
  delayed_.erase(found);
}

void WorkQueue::start() {
  for (int i = 0; i < options_.workers; ++i) scope_.spawn(work());
}

bool WorkQueue::idle() const { return ready_.empty() && running_.empty(); }

void WorkQueue::make_ready(std::string key) {
  ready_.push_back(std::move(key));
  wake_.pulse();
}

Task<void> WorkQueue::work() {
  while (true) {
    while (ready_.empty()) co_await wake_.wait();
    const std::string key = std::move(ready_.front());
    ready_.pop_front();
    const Duration added = queued_.extract(key).mapped(), started = loop_.steady_now();
    running_.emplace(key, started);
    note_run(key, started);
    if (metrics_) metrics_->started(added, started);
    const Result<std::optional<Duration>> result = co_await sync_(key);
    running_.erase(key);
    if (metrics_) metrics_->ended(started, loop_.steady_now());
    if (queued_.contains(key)) make_ready(key);  // added while it ran
    finish(key, result);
  }
}

void WorkQueue::note_run(const std::string& key, Duration now) {
  const auto second = busiest_.count(key, now);
  if (second && second->runs >= kRunsFree)
    log_debug("queue slows a busy key down", "queue", name_, "key", second->key, "runs", second->runs);
}

void WorkQueue::finish(const std::string& key, const Result<std::optional<Duration>>& result) {
  if (!result) {
    const Duration delay = next_back_off(key);
    if (metrics_) metrics_->retried();
    const auto delay_ms = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
    if (result.error().reason == Reason::kConflict) {  // no trouble: somebody wrote first, and the next sync sees it
      log_debug("sync conflicts", "queue", name_, "key", key, "retry_ms", delay_ms);
    } else {
      log_warning("sync failed", "queue", name_, "key", key, "error", result.error().message, "retry_ms", delay_ms);
    }
    add_after(key, delay);
    return;
  }
  failures_.erase(key);
  if (result->has_value()) add_after(key, **result);
}

Duration WorkQueue::next_back_off(const std::string& key) {
  constexpr int kDoublingsMax = 30;
  const int doublings = std::min(failures_[key]++, kDoublingsMax);
  Duration delay = options_.retry_base;
  for (int i = 0; i < doublings && delay < options_.retry_max; ++i) delay *= 2;
  return std::min(delay, options_.retry_max);
}

}  // namespace stint
