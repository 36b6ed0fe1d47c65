// One more finished pod comes to the Job controller in a Job of many pods; for callgrind to count what that costs (scale.py).
// usage: stint_bench_job_sync finished|running PODS, where the others have ended and are counted, or still run.
#include <cstdlib>
#include <iostream>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "control/controllers.h"
#include "control/job/controller.h"
#include "control/job/test_objects.h"

namespace stint::job {
namespace {

using namespace test;

constexpr ControllerRow kRows[] = {{"job", make_controller<JobController>}};
constexpr int kRunningPods = 9;  // beside many finished ones

corev1::Pod pod_at(int index) {
  corev1::Pod pod = with_index(make_pod(std::to_string(index), "Running"), index);
  pod.mutable_metadata()->mutable_creationtimestamp()->set_seconds(0);
  return pod;
}

void put_pods(FakeClient& client, int count, int running) {
  for (int i = 0; i < count; ++i) client.put(i < count - running ? without_finalizer(end_pod(pod_at(i), 0)) : pod_at(i));
}

batchv1::Job job_of(int count, int running) {
  batchv1::Job job = make_indexed_job(count, count);
  auto& status = *job.mutable_status();
  status.set_active(running);
  status.set_succeeded(count - running);
  if (running < count) status.set_completedindexes("0-" + std::to_string(count - running - 1));
  return job;
}

}  // namespace
}  // namespace stint::job

// What is counted. The writes and the events that follow from the pod's end are in it.
extern "C" [[gnu::noinline]] void show_one_more_finished_pod(stint::FakeClient& client, stint::SimLoop& loop, stint::corev1::Pod pod) {
  client.put(std::move(pod));
  loop.run_for(std::chrono::milliseconds(200));
}

int main(int argc, char** argv) {
  using namespace stint;
  const int count = argc > 2 ? std::atoi(argv[2]) : 0;
  const bool others_run = argc > 1 && std::string_view(argv[1]) == "running";
  if (count < 10) {
    std::cerr << "usage: stint_bench_job_sync finished|running PODS\n";
    return 2;
  }
  const int running = others_run ? count : job::kRunningPods;
  SimLoop loop{job::test::kNow};
  FakeClient client{loop};
  client.put(job::job_of(count, running));
  job::put_pods(client, count, running);
  ControllerSet controllers(loop, client, ControllerOptions(), job::kRows);
  controllers.start();
  loop.run_for(std::chrono::seconds(10));
  for (const int index : {count - 1, count - 2}) {  // the first warms what is made once
    corev1::Pod ended = job::test::end_pod(*client.find<corev1::Pod>("ns", "j-" + std::to_string(index)), 0);
    if (index == count - 2) {
      show_one_more_finished_pod(client, loop, std::move(ended));
    } else {
      client.put(std::move(ended));
      loop.run_for(std::chrono::seconds(10));
    }
  }
  const int succeeded = client.find<batchv1::Job>("ns", "j")->status().succeeded();
  if (succeeded != count - running + 2) {
    std::cerr << "the Job has " << succeeded << " succeeded pods\n";
    return 1;
  }
  return 0;
}
