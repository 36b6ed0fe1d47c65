// A queue of keys for level-triggered controllers: a key waits once however often it is added, never runs twice at the same
// time, and comes again if it was added while it ran. Delayed adds coalesce, the earliest wins. A key that wakes itself over and over is
// slowed down, so that it cannot keep the loop busy. Loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/loop.h"
#include "base/metrics.h"
#include "base/result.h"
#include "client/busiest_key.h"

namespace stint {

class QueueMetrics;

class WorkQueue {
 public:
  // What a sync asks for: nothing, or to look again after a while. An error retries with back-off (retry_base doubling to retry_max).
  using Sync = std::function<Task<Result<std::optional<Duration>>>(std::string key)>;

  struct Options {
    int workers = 5;
    Duration retry_base = std::chrono::seconds(1);
    Duration retry_max = std::chrono::seconds(60);
  };

  // Past so many runs in a second a key pauses before each further one: at most kRunsFree + 1 s / kPause in all.
  static constexpr int kRunsFree = 50;
  static constexpr Duration kPause = std::chrono::milliseconds(10);

  // `metrics`: null, or what outlives the queue.
  WorkQueue(Loop& loop, std::string name, Options options, Sync sync, Metrics* metrics = nullptr);
  ~WorkQueue();

  void add(std::string key);
  void add_after(std::string key, Duration delay);
  void forget(const std::string& key);  // drops the back-off record and a pending delayed add
  void start();
  bool idle() const;  // nothing ready, running (delayed keys may wait)

 private:
  Task<void> work();
  Duration pause_before(const std::string& key) const;
  void enqueue(std::string key);
  void schedule(std::string key, Duration delay);
  void make_ready(std::string key);
  void note_run(const std::string& key, Duration now);
  Duration next_back_off(const std::string& key);
  void finish(const std::string& key, const Result<std::optional<Duration>>& result);

  Loop& loop_;
  std::string name_;
  Options options_;
  Sync sync_;
  std::deque<std::string> ready_;
  std::unordered_map<std::string, Duration> queued_;  // in ready_, or added while running; since when (steady)
  std::unordered_map<std::string, Duration> running_;
  struct Delayed {
    Duration due;  // steady
    Loop::TimerId timer;
  };
  std::unordered_map<std::string, Delayed> delayed_;
  std::unordered_map<std::string, int> failures_;
  BusiestKey busiest_;
  std::unique_ptr<QueueMetrics> metrics_;  // null: nobody counts
  Event wake_;
  Scope scope_;
};

}  // namespace stint
