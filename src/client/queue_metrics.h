// What is counted of one work queue, under upstream's names, and how busy its busiest key is. Loop thread only.
#pragma once

#include <string>
#include <unordered_map>

#include "base/loop.h"
#include "base/metrics.h"
#include "client/busiest_key.h"

namespace stint {

class QueueMetrics {
 public:
  // The queue's keys that run, and since when, by the steady clock.
  using Running = std::unordered_map<std::string, Duration>;

  // REQUIRES: all outlive this.
  QueueMetrics(Metrics& metrics, const std::string& queue, const Loop& loop, const Running& running, const BusiestKey& busiest);
  ~QueueMetrics();

  void added() {
    adds_.add();
    depth_.add(1);
  }
  void started(Duration added, Duration now);
  void ended(Duration started, Duration now);
  void retried() { retries_.add(); }

 private:
  void refresh();

  const Loop& loop_;
  const Running& running_;
  const BusiestKey& busiest_;
  Counter& adds_;
  Counter& retries_;
  Gauge& depth_;
  Histogram& waited_;
  Histogram& worked_;
  Gauge& unfinished_;
  Gauge& longest_;
  Gauge& busiest_key_;
  Gauge& busiest_key_ever_;
  Metrics::Handle handle_;
};

}  // namespace stint
