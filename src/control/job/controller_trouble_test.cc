// Jobs that other hands work against: each ends in a condition or an Event that says what to do, and none keeps the controller busy.
#include "control/job/controller_fixture.h"

namespace stint::job {
namespace {

using namespace test;

// Far from a busy loop, and what the work queue holds every key to (WorkQueueTest).
constexpr double kRunsMax = 150;

class JobTrouble : public JobControllerTest {
 protected:
  std::shared_ptr<const corev1::Event> event(std::string_view reason) const {
    for (const auto& event : client_.all<corev1::Event>("ns")) {
      if (event->reason() == reason) return event;
    }
    return nullptr;
  }
};

TEST_F(JobTrouble, ATemplateThatIsAlwaysRefusedIsTriedOnceAMinute) {
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "create" && kind.kind == "Pod") return Error{.reason = Reason::kForbidden, .message = "pods \"j-\" is forbidden: policy"};
    return std::nullopt;
  });
  start();
  put_job(make_job(10, 10));
  loop_.run_for(127s);  // 1 + 2 + 4 + … + 60
  const int tries = count_calls("create pods");
  EXPECT_GE(tries, 7);
  EXPECT_LE(tries, 9);
  loop_.run_for(1h);
  EXPECT_LE(count_calls("create pods"), tries + 60);
  EXPECT_GE(count_calls("create pods"), tries + 59) << "the back-off stays at a minute";
  ASSERT_NE(event("FailedCreate"), nullptr);
  EXPECT_EQ(event("FailedCreate")->message(), "Error creating: pods \"j-\" is forbidden: policy");
  EXPECT_EQ(event("FailedCreate")->type(), "Warning");
  EXPECT_EQ(job()->status().active(), 0);
}

TEST_F(JobTrouble, OneRefusalIsOneEvent) {
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "create" && kind.kind == "Pod") return Error{.reason = Reason::kForbidden, .message = "exceeded quota"};
    return std::nullopt;
  });
  start();
  put_job(make_job(10, 10));
  loop_.run_for(500ms);
  EXPECT_EQ(event_reasons(), (std::vector<std::string>{"FailedCreate"}));
  EXPECT_LE(event("FailedCreate")->count(), 1);
}

TEST_F(JobTrouble, PodsThatAnotherHandDeletesEndTheJobByItsBackoffLimit) {
  start();
  put_job(make_job(3, 3));
  for (int round = 0; round < 600 && !is_finished(*job()); ++round) {
    for (const PodPtr& pod : pods()) {
      const auto found = client_.find<corev1::Pod>("ns", pod->metadata().name());
      if (found == nullptr) continue;
      if (!is_deleting(*found)) client_.put(being_deleted(*found));
      loop_.run_ready();
      client_.erase(kind_of<corev1::Pod>(), "ns", pod->metadata().name());
    }
    loop_.run_for(10s);
  }
  EXPECT_EQ(reason_of(job()->status(), kFailed), "BackoffLimitExceeded");
  loop_.run_for(1s);
  EXPECT_NE(event("BackoffLimitExceeded"), nullptr);
  EXPECT_LE(busiest_runs(), kRunsMax);
}

TEST_F(JobTrouble, PodsThatVanishAreReplacedWithoutABusyLoop) {
  start();
  put_job(make_job(2, 2));
  for (int round = 0; round < 50; ++round) {
    for (const PodPtr& pod : pods()) client_.erase(kind_of<corev1::Pod>(), "ns", pod->metadata().name());
    loop_.run_for(10ms);
  }
  loop_.run_for(1min);
  EXPECT_EQ(unfinished().size(), 2u);
  EXPECT_LE(busiest_runs(), kRunsMax);
  for (int round = 0; round < 3; ++round) {
    finish_all(0);
    loop_.run_for(1s);
  }
  EXPECT_EQ(reason_of(job()->status(), kComplete), "CompletionsReached");
}

TEST_F(JobTrouble, PodsThatAnotherHandEditsAreReplacedAndTheJobStillEnds) {
  start();
  put_job(make_job(2, 2));
  for (int round = 0; round < 5; ++round) {
    for (const PodPtr& pod : unfinished()) {
      corev1::Pod edited = *client_.find<corev1::Pod>("ns", pod->metadata().name());
      edited.mutable_metadata()->clear_finalizers();
      if (round % 2 == 0) edited.mutable_metadata()->clear_labels();
      if (edited.metadata().ownerreferences_size() == 0) continue;
      client_.put(end_pod(std::move(edited), 1));
    }
    loop_.run_for(1min);
  }
  finish_all(0);
  loop_.run_for(1s);
  EXPECT_TRUE(is_finished(*job())) << job()->status().ShortDebugString();
  EXPECT_LE(busiest_runs(), kRunsMax);
}

TEST_F(JobTrouble, TwoControllersOnOneJobDoNotDriveEachOtherOn) {
  start();
  ControllerSet other(loop_, client_, ControllerOptions(), kRows);
  other.start();
  batchv1::Job job = make_job(2, 2);
  job.clear_status();
  client_.put(std::move(job));
  client_.clear_calls();
  loop_.run_for(1min);
  EXPECT_LE(count_calls("update jobs/status"), 60 * 2 * kRunsMax);
  EXPECT_LE(busiest_runs(), kRunsMax);
  for (int round = 0; round < 10 && !is_finished(*this->job()); ++round) {
    finish_all(0);
    loop_.run_for(1min);
  }
  EXPECT_TRUE(is_finished(*this->job()));
  EXPECT_GE(this->job()->status().succeeded(), 2);
}

// The status of a Job with managedBy is another controller's, and so are its pods: neither is touched, nor is there anything to retry.
TEST_F(JobTrouble, AJobOfAnotherControllerIsLeftToItWhateverItDoes) {
  start();
  batchv1::Job job = make_job();
  job.mutable_spec()->set_managedby("example.com/x");
  put_job(job);
  client_.put(test::make_pod("a", "Running"));
  client_.clear_calls();
  for (int round = 0; round < 20; ++round) {
    change_job([&](batchv1::Job& next) { next.mutable_status()->set_active(round); });
    loop_.run_for(1s);
  }
  for (const char* write : {"create", "update", "patch", "delete"}) EXPECT_EQ(count_calls(write), 0) << write;
  EXPECT_TRUE(has_tracking_finalizer(*pods()[0]));
}

TEST_F(JobTrouble, AStatusThatIsAlwaysRefusedIsWrittenOnceAMinute) {
  client_.set_failures([](std::string_view verb, const Kind& kind, std::string_view) -> std::optional<Error> {
    if (verb == "update" && kind.kind == "Job") return Error{.reason = Reason::kInvalid, .message = "invalid"};
    return std::nullopt;
  });
  start();
  put_job(make_job());
  loop_.run_for(1h);
  EXPECT_LE(count_calls("update jobs/status"), 70);
  EXPECT_EQ(pods().size(), 1u) << "and no pod more for it";
}

}  // namespace
}  // namespace stint::job
