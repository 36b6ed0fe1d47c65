#include "client/queue_metrics.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/work_queue.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 8 / 3));
constexpr Duration kStart = 3h;  // of the steady clock

TEST(BusiestKey, IsTheOneThatRanMostOftenInASecond) {
  BusiestKey busiest;
  for (int i = 0; i < 5; ++i) busiest.count("a", kStart + i * 100ms);
  busiest.count("b", kStart + 600ms);
  EXPECT_EQ(busiest.runs(kStart + 700ms), 5);
  EXPECT_EQ(busiest.runs(kStart + 1500ms), 5) << "the last whole second";
  const auto ended = busiest.count("b", kStart + 1500ms);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->key, "a");
  EXPECT_EQ(ended->runs, 5);
}

TEST(BusiestKey, IsForgottenAfterASecondButNotTheMostThereWas) {
  BusiestKey busiest;
  for (int i = 0; i < 3; ++i) busiest.count("a", kStart);
  EXPECT_EQ(busiest.runs(kStart + 2s), 0);
  busiest.count("a", kStart + 5s);
  EXPECT_EQ(busiest.runs(kStart + 5s), 1);
  EXPECT_EQ(busiest.most_runs(), 3);
}

Task<Result<std::optional<Duration>>> take_two_seconds(Loop& loop) {
  co_await sleep_for(loop, 2s);
  co_return std::nullopt;
}

class QueueMetricsTest : public testing::Test {
 protected:
  bool shows(std::string_view line) { return metrics_.text().find(std::string(line) + "\n") != std::string::npos; }

  SimLoop loop_{kNow};
  Metrics metrics_;
};

TEST_F(QueueMetricsTest, TellDepthWaitAndWork) {
  WorkQueue queue(loop_, "q", {.workers = 1}, [&](std::string) { return take_two_seconds(loop_); }, &metrics_);
  for (const char* key : {"a", "b", "a"}) queue.add(key);
  EXPECT_TRUE(shows("workqueue_adds_total{name=\"q\"} 2")) << metrics_.text();
  EXPECT_TRUE(shows("workqueue_depth{name=\"q\"} 2"));
  queue.start();
  loop_.run_for(1s);
  EXPECT_TRUE(shows("workqueue_depth{name=\"q\"} 1"));
  EXPECT_TRUE(shows("workqueue_unfinished_work_seconds{name=\"q\"} 1"));
  EXPECT_TRUE(shows("workqueue_longest_running_processor_seconds{name=\"q\"} 1"));
  loop_.run_for(10s);
  EXPECT_TRUE(shows("workqueue_depth{name=\"q\"} 0"));
  EXPECT_TRUE(shows("workqueue_queue_duration_seconds_sum{name=\"q\"} 2")) << "the second waited for the first";
  EXPECT_TRUE(shows("workqueue_work_duration_seconds_sum{name=\"q\"} 4"));
  EXPECT_TRUE(shows("workqueue_work_duration_seconds_count{name=\"q\"} 2"));
  EXPECT_TRUE(shows("workqueue_unfinished_work_seconds{name=\"q\"} 0"));
}

Task<Result<std::optional<Duration>>> refuse() { co_return fail(Reason::kInternalError, "no"); }
Task<Result<std::optional<Duration>>> ask_again_soon() { co_return 1ms; }

TEST_F(QueueMetricsTest, CountRetries) {
  WorkQueue queue(loop_, "q", {}, [](std::string) { return refuse(); }, &metrics_);
  queue.add("a");
  queue.start();
  loop_.run_for(3500ms);
  EXPECT_TRUE(shows("workqueue_retries_total{name=\"q\"} 3")) << "at 0, 1 and 3 seconds";
}

TEST_F(QueueMetricsTest, ShowAKeyThatSpinsAndThatItIsSlowedDown) {
  WorkQueue queue(loop_, "q", {}, [](std::string) { return ask_again_soon(); }, &metrics_);
  queue.add("a");
  queue.start();
  loop_.run_for(3s);
  metrics_.text();
  for (const char* name : {"stint_workqueue_busiest_key_runs_per_second", "stint_workqueue_busiest_key_runs_per_second_max"}) {
    const double runs = metrics_.gauges(name, "", {"name"}).with({"q"}).value();
    EXPECT_GT(runs, WorkQueue::kRunsFree) << name;
    EXPECT_LE(runs, WorkQueue::kRunsFree + 1s / WorkQueue::kPause) << name << ", not the thousand that it asks for";
  }
}

TEST_F(QueueMetricsTest, StayWhenTheQueueEndsAndGoOnWithTheNextOfThatName) {
  for (int i = 0; i < 2; ++i) {
    WorkQueue queue(loop_, "q", {}, [](std::string) { return refuse(); }, &metrics_);
    queue.add("a");
  }
  EXPECT_TRUE(shows("workqueue_adds_total{name=\"q\"} 2"));
  EXPECT_TRUE(shows("workqueue_depth{name=\"q\"} 0"));
}

}  // namespace
}  // namespace stint
