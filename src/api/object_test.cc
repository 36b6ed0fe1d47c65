#include "api/object.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

using namespace std::chrono_literals;

TEST(Object, KeyIsNamespaceAndName) {
  batchv1::Job job;
  mutable_meta(job).set_name("a");
  EXPECT_EQ(object_key(job), "a");
  mutable_meta(job).set_namespace_("ns");
  EXPECT_EQ(object_key(job), "ns/a");
  EXPECT_EQ(object_key("", "n"), "n");
}

TEST(Object, FindsItsController) {
  corev1::Pod pod;
  EXPECT_EQ(controller_of(pod), nullptr);
  pod.mutable_metadata()->add_ownerreferences()->set_name("other");
  auto* owner = pod.mutable_metadata()->add_ownerreferences();
  owner->set_name("job");
  owner->set_controller(true);
  ASSERT_NE(controller_of(pod), nullptr);
  EXPECT_EQ(controller_of(pod)->name(), "job");
}

TEST(Object, RemovesFinalizers) {
  corev1::Pod pod;
  for (const char* finalizer : {"a", "b", "a"}) pod.mutable_metadata()->add_finalizers(finalizer);
  EXPECT_TRUE(has_finalizer(pod, "a"));
  EXPECT_TRUE(remove_finalizer(pod, "a"));
  EXPECT_FALSE(remove_finalizer(pod, "a"));
  EXPECT_EQ(pod.metadata().finalizers_size(), 1);
}

TEST(ObjectTime, DropsDigitsAsUpstream) {
  const WallTime time = *parse_rfc3339("2026-01-02T03:04:05.123456789Z");
  EXPECT_EQ(format_rfc3339(from_time(to_time(time))), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_rfc3339_micro(from_micro_time(to_micro_time(time))), "2026-01-02T03:04:05.123456Z");
  EXPECT_EQ(format_rfc3339_nano(time), "2026-01-02T03:04:05.123456789Z");
}

TEST(ObjectTime, ReadsOffsetsAndFractions) {
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2026-01-02T03:04:05+02:30")), "2026-01-02T00:34:05Z");
  EXPECT_EQ(format_rfc3339_nano(*parse_rfc3339("1969-12-31T23:59:59.5Z")), "1969-12-31T23:59:59.500000000Z");
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00Z");
}

TEST(ObjectTime, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026-01-02", "2026-01-02T03:04:05", "2026-02-30T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02t03:04:05Z",
                           "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "2026-1-02T03:04:05Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(ObjectTime, SaturatesBeyondTheClock) {
  EXPECT_EQ(*parse_rfc3339("0001-01-01T00:00:00Z"), kTimeMin);
  EXPECT_EQ(*parse_rfc3339("9999-01-01T00:00:00Z"), kTimeMax);
}

TEST(ObjectTime, ReckonsWithAnySpanAskedFor) {
  EXPECT_EQ(span_of_seconds(30), 30s);
  EXPECT_GT(kTimeMax + span_of_seconds(INT64_MAX), kTimeMax);
  EXPECT_LT(kTimeMin + span_of_seconds(INT64_MIN), kTimeMin);
}

TEST(HumanDuration, IsUpstreamsShortAge) {
  EXPECT_EQ(human_duration(-2s), "<invalid>");
  EXPECT_EQ(human_duration(-1s), "0s");
  EXPECT_EQ(human_duration(119s), "119s");
  EXPECT_EQ(human_duration(200s), "3m20s");
  EXPECT_EQ(human_duration(180s), "3m");
  EXPECT_EQ(human_duration(10min), "10m");
  EXPECT_EQ(human_duration(3h + 5min), "3h5m");
  EXPECT_EQ(human_duration(47h), "47h");
  EXPECT_EQ(human_duration(48h), "2d");
  EXPECT_EQ(human_duration(51h), "2d3h");
  EXPECT_EQ(human_duration(24h * 9), "9d");
  EXPECT_EQ(human_duration(24h * 365 * 2 + 24h), "2y1d");
  EXPECT_EQ(human_duration(24h * 365 * 9), "9y");
}

}  // namespace
}  // namespace stint
