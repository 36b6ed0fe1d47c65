// The Job controller over the fake server in virtual time, for the tests that play the node and the other hands. It has one Job, "j" in
// namespace "ns".
#pragma once

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "control/controllers.h"
#include "control/job/controller.h"
#include "control/job/test_objects.h"

namespace stint::job::test {

using PodList = std::vector<PodPtr>;

inline constexpr ControllerRow kRows[] = {{"job", make_controller<JobController>}};

inline bool is_write(std::string_view verb) { return verb == "create" || verb == "update" || verb == "patch" || verb == "delete"; }

class JobControllerTest : public testing::Test {
 protected:
  void start() {
    controllers_ = std::make_unique<ControllerSet>(loop_, client_, ControllerOptions{.metrics = &metrics_}, kRows);
    controllers_->start();
    loop_.run_ready();
  }
  // As after a crash: everything in memory is lost.
  void restart() {
    controllers_.reset();
    start();
  }

  void put_job(batchv1::Job job) {
    job.clear_status();
    client_.put(std::move(job));
    loop_.run_ready();
  }
  void change_job(auto change) {
    batchv1::Job job = *this->job();
    change(job);
    client_.put(std::move(job));
    loop_.run_ready();
  }
  JobPtr job() const { return client_.find<batchv1::Job>("ns", "j"); }
  PodList pods() const { return client_.all<corev1::Pod>("ns"); }
  PodList unfinished() const {
    PodList live;
    for (const PodPtr& pod : pods()) {
      if (is_active(*pod)) live.push_back(pod);
    }
    return live;
  }
  void finish(const PodPtr& pod, int exit_code) {
    corev1::Pod ended = end_pod(*client_.find<corev1::Pod>("ns", pod->metadata().name()), exit_code);
    *ended.mutable_status()->mutable_containerstatuses(0)->mutable_state()->mutable_terminated()->mutable_finishedat() =
        to_time(loop_.now());
    client_.put(std::move(ended));
  }
  void finish_all(int exit_code) {
    for (const PodPtr& pod : unfinished()) finish(pod, exit_code);
    loop_.run_ready();
  }
  std::vector<std::string> event_reasons() const {
    std::vector<std::string> reasons;
    for (const auto& event : client_.all<corev1::Event>("ns")) reasons.push_back(event->reason());
    std::ranges::sort(reasons);
    return reasons;
  }
  int count_calls(std::string_view prefix) const {
    return static_cast<int>(std::ranges::count_if(client_.calls(), [&](const std::string& call) { return call.starts_with(prefix); }));
  }
  bool shows_metric(std::string_view line) { return metrics_.text().find(std::string(line) + "\n") != std::string::npos; }
  // How often the controller ran its busiest Job in any second.
  double busiest_runs() {
    metrics_.text();
    return metrics_.gauges("stint_workqueue_busiest_key_runs_per_second_max", "", {"name"}).with({"job"}).value();
  }
  int held() const {
    int count = 0;
    for (const PodPtr& pod : pods()) count += has_tracking_finalizer(*pod) ? 1 : 0;
    return count;
  }

  SimLoop loop_{kNow};
  FakeClient client_{loop_};
  Metrics metrics_;
  std::unique_ptr<ControllerSet> controllers_;
};

}  // namespace stint::job::test
