#include "base/metrics.h"

#include <gtest/gtest.h>

#include <limits>

namespace stint {
namespace {

TEST(Metrics, AreShownByNameWithHelpAndType) {
  Metrics metrics;
  metrics.gauges("b_depth", "How deep.").with({}).set(2.5);
  metrics.counters("a_total", "How many.", {"kind"}).with({"x"}).add(3);
  EXPECT_EQ(metrics.text(),
            "# HELP a_total How many.\n# TYPE a_total counter\na_total{kind=\"x\"} 3\n"
            "# HELP b_depth How deep.\n# TYPE b_depth gauge\nb_depth 2.5\n");
}

TEST(Metrics, BucketsOfAHistogramHoldAllThatIsNoMore) {
  Metrics metrics;
  Histogram& histogram = metrics.histograms("t_seconds", "Time.", {0.5, 1}, {"k"}).with({"v"});
  for (const double value : {0.1, 0.5, 0.7, 9.0}) histogram.observe(value);
  EXPECT_EQ(metrics.text(),
            "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n"
            "t_seconds_bucket{k=\"v\",le=\"0.5\"} 2\nt_seconds_bucket{k=\"v\",le=\"1\"} 3\nt_seconds_bucket{k=\"v\",le=\"+Inf\"} 4\n"
            "t_seconds_sum{k=\"v\"} 10.3\nt_seconds_count{k=\"v\"} 4\n");
}

TEST(Metrics, AFamilyWithoutSeriesIsNotShown) {
  Metrics metrics;
  metrics.counters("a_total", "Nothing yet.", {"kind"});
  EXPECT_EQ(metrics.text(), "");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameSeries) {
  Metrics metrics;
  Counter& first = metrics.counters("a_total", "h", {"k"}).with({"v"});
  metrics.counters("a_total", "h", {"k"}).with({"v"}).add();
  for (int i = 0; i < 100; ++i) metrics.counters("a_total", "h", {"k"}).with({std::to_string(i)});
  first.add();
  EXPECT_EQ(metrics.counters("a_total", "h", {"k"}).with({"v"}).value(), 2);
}

TEST(Metrics, EscapeWhatTheFormatReads) {
  Metrics metrics;
  metrics.counters("a_total", "one\\two\n\"three\"", {"k"}).with({"a\"b\\c\nd"}).add();
  EXPECT_EQ(metrics.text(), "# HELP a_total one\\\\two\\n\"three\"\n# TYPE a_total counter\na_total{k=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(Metrics, NumbersThatAreNoneHaveTheirNames) {
  Metrics metrics;
  auto& gauges = metrics.gauges("g", "h", {"k"});
  gauges.with({"a"}).set(std::numeric_limits<double>::infinity());
  gauges.with({"b"}).set(-std::numeric_limits<double>::infinity());
  gauges.with({"c"}).set(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(metrics.text(), "# HELP g h\n# TYPE g gauge\ng{k=\"a\"} +Inf\ng{k=\"b\"} -Inf\ng{k=\"c\"} NaN\n");
}

TEST(Metrics, SeriesPastTheLimitAreOne) {
  Metrics metrics;
  auto& counters = metrics.counters("a_total", "h", {"user"});
  for (size_t i = 0; i < MetricFamily::kSeriesMax; ++i) counters.with({std::to_string(i)});
  counters.with({"late"}).add();
  counters.with({"later"}).add();
  EXPECT_EQ(counters.with({"other"}).value(), 2);
}

TEST(Metrics, RefreshIsAskedBeforeEachTextUntilItsHandleEnds) {
  Metrics metrics;
  Gauge& gauge = metrics.gauges("g", "h").with({});
  auto handle = metrics.before_text([&] { gauge.add(1); });
  metrics.text();
  EXPECT_NE(metrics.text().find("g 2\n"), std::string::npos);
  handle.reset();
  EXPECT_NE(metrics.text().find("g 2\n"), std::string::npos);
}

TEST(Metrics, ExponentialBoundsAreUpstreams) {
  EXPECT_EQ(exponential_bounds(0.004, 2, 4), (std::vector<double>{0.004, 0.008, 0.016, 0.032}));
  EXPECT_EQ(exponential_bounds(0.004, 2, 15).back(), 65.536);
}

}  // namespace
}  // namespace stint
