#include "client/recorder.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/event_correlator.h"
#include "client/fake_client.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() {
    job_.mutable_metadata()->set_namespace_("work");
    job_.mutable_metadata()->set_name("pi");
    job_.mutable_metadata()->set_uid("u1");
    job_.mutable_metadata()->set_resourceversion("7");
  }
  using Events = std::vector<std::shared_ptr<const corev1::Event>>;
  Events events(std::string_view ns = "work") const { return client_.all<corev1::Event>(ns); }

  SimLoop loop_{WallTime{std::chrono::seconds(1'800'000'000)}};
  FakeClient client_{loop_};
  Recorder recorder_{loop_, client_, "job-controller", "node-1"};
  batchv1::Job job_;
};

TEST_F(RecorderTest, WritesAnEventAsUpstreamDoes) {
  recorder_.warning(job_, "BackoffLimitExceeded", "Job has failed", "spec.template");
  loop_.run_ready();
  ASSERT_EQ(events().size(), 1u);
  const corev1::Event& event = *events()[0];
  EXPECT_EQ(event.metadata().name(), "pi.18fae27693b40000");
  EXPECT_EQ(event.involvedobject().apiversion(), "batch/v1");
  EXPECT_EQ(event.involvedobject().kind(), "Job");
  EXPECT_EQ(event.involvedobject().namespace_(), "work");
  EXPECT_EQ(event.involvedobject().name(), "pi");
  EXPECT_EQ(event.involvedobject().uid(), "u1");
  EXPECT_EQ(event.involvedobject().resourceversion(), "7");
  EXPECT_EQ(event.involvedobject().fieldpath(), "spec.template");
  EXPECT_EQ(event.type(), "Warning");
  EXPECT_EQ(event.reason(), "BackoffLimitExceeded");
  EXPECT_EQ(event.message(), "Job has failed");
  EXPECT_EQ(event.count(), 1);
  EXPECT_EQ(event.firsttimestamp().seconds(), 1'800'000'000);
  EXPECT_EQ(event.lasttimestamp().seconds(), 1'800'000'000);
  EXPECT_EQ(event.source().component(), "job-controller");
  EXPECT_EQ(event.source().host(), "node-1");
  EXPECT_EQ(event.reportingcomponent(), "job-controller");
  EXPECT_EQ(event.reportinginstance(), "node-1");
}

TEST_F(RecorderTest, PutsEventsAboutClusterScopedObjectsIntoDefault) {
  corev1::Node node;
  node.mutable_metadata()->set_name("n1");
  recorder_.normal(node, "Starting", "up");
  loop_.run_ready();
  ASSERT_EQ(events("default").size(), 1u);
  EXPECT_EQ(events("default")[0]->involvedobject().namespace_(), "");
}

TEST_F(RecorderTest, CountsARepeatOnTheSameEvent) {
  recorder_.normal(job_, "Suspended", "Job suspended");
  loop_.run_for(5s);
  recorder_.normal(job_, "Suspended", "Job suspended");
  recorder_.normal(job_, "Resumed", "Job resumed");
  loop_.run_ready();
  ASSERT_EQ(events().size(), 2u);
  EXPECT_EQ(events()[0]->count(), 2);
  EXPECT_EQ(events()[0]->firsttimestamp().seconds(), 1'800'000'000);
  EXPECT_EQ(events()[0]->lasttimestamp().seconds(), 1'800'000'005);
  EXPECT_EQ(events()[1]->count(), 1);
}

TEST_F(RecorderTest, StartsAnewWhenTheEventHasExpired) {
  recorder_.normal(job_, "Suspended", "Job suspended");
  loop_.run_ready();
  client_.erase(kind_of<corev1::Event>(), "work", events()[0]->metadata().name());
  recorder_.normal(job_, "Suspended", "Job suspended");
  loop_.run_ready();
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0]->count(), 2);
}

TEST_F(RecorderTest, FoldsManySimilarEventsIntoOne) {
  for (int i = 0; i < 15; ++i) recorder_.normal(job_, "SuccessfulCreate", "Created pod: pi-" + std::to_string(i));
  loop_.run_ready();
  const Events written = events();
  ASSERT_EQ(written.size(), 10u);  // nine, and the summary of six
  EXPECT_EQ(written.back()->message(), "(combined from similar events): Created pod: pi-14");
  EXPECT_EQ(written.back()->count(), 6);
}

TEST_F(RecorderTest, LimitsABurstAboutOneObject) {
  for (int i = 0; i < 40; ++i) recorder_.normal(job_, "Reason" + std::to_string(i), "x");
  loop_.run_ready();
  EXPECT_EQ(events().size(), 25u);
  loop_.run_for(301s);
  for (int i = 0; i < 3; ++i) recorder_.normal(job_, "Later" + std::to_string(i), "x");
  loop_.run_ready();
  EXPECT_EQ(events().size(), 26u);
}

TEST_F(RecorderTest, TriesOnceInANamespaceThatGoesAway) {
  int tries = 0;
  client_.set_failures([&](std::string_view, const Kind&, std::string_view) -> std::optional<Error> {
    ++tries;
    return Error{.reason = Reason::kForbidden, .message = "terminating", .causes = {{.reason = "NamespaceTerminating"}}};
  });
  recorder_.normal(job_, "Suspended", "Job suspended");
  loop_.run_for(60s);
  EXPECT_EQ(tries, 1);
}

TEST_F(RecorderTest, TriesAgainWhileTheServerCannotTakeIt) {
  int refusals = 2;
  client_.set_failures([&](std::string_view, const Kind&, std::string_view) -> std::optional<Error> {
    if (refusals-- > 0) return Error{.reason = Reason::kServiceUnavailable, .message = "starting"};
    return std::nullopt;
  });
  recorder_.normal(job_, "Suspended", "Job suspended");
  loop_.run_for(19s);
  EXPECT_EQ(events().size(), 0u);
  loop_.run_for(1s);
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(RecorderTest, GivesUpWhenTheServerRefuses) {
  client_.set_failures(
      [](std::string_view, const Kind&, std::string_view) { return Error{.reason = Reason::kForbidden, .message = "no"}; });
  recorder_.normal(job_, "Suspended", "Job suspended");
  loop_.run_for(1h);
  EXPECT_EQ(client_.calls().size(), 1u);
}

TEST_F(RecorderTest, TakesAnotherNameWhenTwoWriteInTheSameNanosecond) {
  Recorder other(loop_, client_, "kubelet");
  recorder_.normal(job_, "One", "x");
  other.normal(job_, "Two", "x");
  loop_.run_ready();
  EXPECT_EQ(events().size(), 2u);
}

TEST_F(RecorderTest, HoldsOnlySoManyEventsForASlowServer) {
  client_.set_latency(1s);
  for (int i = 0; i < 3000; ++i) {
    batchv1::Job job = job_;
    job.mutable_metadata()->set_name("j" + std::to_string(i));
    recorder_.normal(job, "Made", "x");
  }
  loop_.run();
  EXPECT_EQ(events().size(), 1000u);
}

TEST_F(RecorderTest, WritesAFloodAboutManyObjectsInItsOwnTime) {
  for (int i = 0; i < Recorder::kBurst + 100; ++i) {
    job_.mutable_metadata()->set_name("pi-" + std::to_string(i));
    job_.mutable_metadata()->set_uid(std::to_string(i));
    recorder_.normal(job_, "Completed", "done");
  }
  loop_.run_ready();
  EXPECT_EQ(std::ssize(events()), Recorder::kBurst);
  loop_.run_for(1s);
  EXPECT_EQ(std::ssize(events()), Recorder::kBurst + Recorder::kPerSecond);
  loop_.run_for(1s);
  EXPECT_EQ(std::ssize(events()), Recorder::kBurst + 100);
}

TEST(LruMap, ForgetsWhatWasNotTouchedForLongest) {
  LruMap<int> map(2);
  map.touch("a") = 1;
  map.touch("b") = 2;
  map.touch("a");
  map.touch("c") = 3;
  EXPECT_EQ(map.size(), 2u);
  EXPECT_EQ(map.touch("a"), 1);
  EXPECT_EQ(map.touch("b"), 0);
}

}  // namespace
}  // namespace stint
