// Jobs and CronJobs drawn from the seed, how their containers go, and what another hand does to them meanwhile. Every Job of it can end.
// Loop thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/commit_tap.h"
#include "client/client.h"
#include "faults.h"
#include "runtime/fake/fake_runtime.h"

namespace stint::sim {

class Workload {
 public:
  explicit Workload(Dice& dice) : dice_(dice) {}

  batchv1::Job make_job(int number);
  batchv1::CronJob make_cron_job(int number);
  FakeOutcome outcome(const ContainerConfig& config);

 private:
  void shape_indexed(batchv1::JobSpec& spec);
  void add_policies(batchv1::JobSpec& spec);
  batchv1::JobSpec make_spec();

  Dice& dice_;
};

// What another hand may do. Each picks its victim among what lies in the store; with none it does nothing.
class OtherHand {
 public:
  OtherHand(Faults& faults, const CommitTap& store) : faults_(faults), dice_(faults.dice), store_(store) {}

  // A deed drawn from the seed. `removed` is told whose object is deleted, before it is.
  Task<void> act(Client& admin, std::function<void(const std::string& uid)> removed);
  // After the faults: what is suspended goes on, and no CronJob starts anything more.
  Task<void> let_everything_end(Client& admin);
  // Remembers what pods' statuses were, to write them again late.
  void see(const Commit& commit);

 private:
  template <class T>
  std::shared_ptr<const T> pick();
  Task<void> delete_pod(Client& admin, std::function<void(const std::string& uid)> removed);
  Task<void> delete_job(Client& admin, std::function<void(const std::string& uid)> removed);
  Task<void> rewrite_pod(Client& admin);
  Task<void> change_job(Client& admin);
  Task<void> suspend_cron_job(Client& admin);
  json::Members job_change(const batchv1::Job& job);

  Faults& faults_;
  Dice& dice_;
  const CommitTap& store_;
  std::map<std::string, corev1::PodStatus> running_;  // by uid of the pod
};

}  // namespace stint::sim
