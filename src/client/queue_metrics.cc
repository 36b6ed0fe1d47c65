#include "client/queue_metrics.h"

#include <algorithm>

namespace stint {
namespace {

double seconds(Duration duration) { return std::max(0.0, std::chrono::duration<double>(duration).count()); }

Counter& counter(Metrics& metrics, std::string name, std::string help, const std::string& queue) {
  return metrics.counters(std::move(name), std::move(help), {"name"}).with({queue});
}

Gauge& gauge(Metrics& metrics, std::string name, std::string help, const std::string& queue) {
  return metrics.gauges(std::move(name), std::move(help), {"name"}).with({queue});
}

Histogram& histogram(Metrics& metrics, std::string name, std::string help, const std::string& queue) {
  return metrics.histograms(std::move(name), std::move(help), exponential_bounds(10e-9, 10, 10), {"name"}).with({queue});
}

}  // namespace

QueueMetrics::QueueMetrics(Metrics& metrics, const std::string& queue, const Loop& loop, const Running& running, const BusiestKey& busiest)
    : loop_(loop),
      running_(running),
      busiest_(busiest),
      adds_(counter(metrics, "workqueue_adds_total", "Keys added to the queue that did not wait there already.", queue)),
      retries_(counter(metrics, "workqueue_retries_total", "Keys that wait for a back-off after an error.", queue)),
      depth_(gauge(metrics, "workqueue_depth", "Keys that wait for a worker.", queue)),
      waited_(histogram(metrics, "workqueue_queue_duration_seconds", "Time that keys waited for a worker.", queue)),
      worked_(histogram(metrics, "workqueue_work_duration_seconds", "Time that one run of a key took.", queue)),
      unfinished_(gauge(metrics, "workqueue_unfinished_work_seconds",
                        "Time spent on all runs that have not ended: grows while one is stuck.", queue)),
      longest_(
          gauge(metrics, "workqueue_longest_running_processor_seconds", "Time that the longest of the present runs has taken.", queue)),
      busiest_key_(gauge(metrics, "stint_workqueue_busiest_key_runs_per_second",
                         "Runs of the key that ran most often in the last second: high when a controller wakes itself.", queue)),
      busiest_key_ever_(gauge(metrics, "stint_workqueue_busiest_key_runs_per_second_max",
                              "The highest that stint_workqueue_busiest_key_runs_per_second has been.", queue)),
      handle_(metrics.before_text([this] { refresh(); })) {}

// The registry may outlive the queue, and a queue of this name may come again.
QueueMetrics::~QueueMetrics() {
  for (Gauge* gauge : {&depth_, &unfinished_, &longest_, &busiest_key_}) gauge->set(0);
}

void QueueMetrics::started(Duration added, Duration now) {
  depth_.add(-1);
  waited_.observe(seconds(now - added));
}

void QueueMetrics::ended(Duration started, Duration now) { worked_.observe(seconds(now - started)); }

void QueueMetrics::refresh() {
  const Duration now = loop_.steady_now();
  double sum = 0, longest = 0;
  for (const auto& [key, since] : running_) {
    sum += seconds(now - since);
    longest = std::max(longest, seconds(now - since));
  }
  unfinished_.set(sum);
  longest_.set(longest);
  busiest_key_.set(busiest_.runs(now));
  busiest_key_ever_.set(busiest_.most_runs());
}

}  // namespace stint
