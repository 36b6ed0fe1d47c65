// Draws the report from the commits of the store: what the pods' and Jobs' statuses say, when they say it. Loop thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "app/commit_tap.h"
#include "app/simulate/report.h"

namespace stint::simulate {

class Observer {
 public:
  static constexpr size_t kNotesMax = 1000;
  // Longer than any back-off.
  static constexpr Duration kStuck = std::chrono::hours(2);

  Observer(const CommitTap& store, const Clock& clock) : store_(store), clock_(clock) {}

  void see(const Commit& commit);
  std::shared_ptr<const corev1::Pod> pod(const std::string& uid) const;
  // No Job, CronJob or pod is left that would do something yet; `managed` elsewhere, suspended and finished ones do nothing.
  bool is_over() const;
  // Something may go on, but for long it has not, and no time is set at which it would: what is tried is refused again and again.
  bool is_stuck() const;
  size_t scheduled_jobs() const { return scheduled_; }
  Report take(WallTime start);

 private:
  using Pod = corev1::Pod;
  // A pod as its Job's history has it.
  struct Track {
    size_t job = 0;                         // in report_.jobs
    std::map<std::string, size_t> attempt;  // container "" is the first go of them all; "NAME#2" a restart
    std::optional<WallTime> pull_failed, unscheduled;
    bool ended = false;
  };
  // What has ended in a Job, or in one index of it.
  struct History {
    std::optional<WallTime> last_failure, last_end;
    int failures = 0;  // since the last success
    bool disrupted = false;
  };

  void see_job(const batchv1::Job* old, const batchv1::Job* next);
  void see_pod(const Pod* old, const Pod* next);
  void see_event(const corev1::Event& event);
  void begin(const Pod& pod, Track& track);
  void explain_start(const Pod& pod, const JobReport& job, Attempt& attempt);
  void see_containers(const Pod& pod, Track& track);
  void see_instance(const Pod& pod, Track& track, const std::string& container, int restart, const corev1::ContainerState& state);
  Attempt& restart_of(const Pod& pod, Track& track, const std::string& container, int restart, WallTime start);
  void see_waiting(const Pod& pod, Track& track);
  void end_pod(const Pod& pod, Track& track, bool gone);
  WallTime precise(const metav1::Time& time) const;

  const CommitTap& store_;
  const Clock& clock_;
  Report report_;
  WallTime last_change_;
  std::map<std::string, size_t> jobs_;   // by uid
  std::map<std::string, Track> tracks_;  // by uid of the pod
  std::map<std::string, std::shared_ptr<const Pod>> pods_;
  std::map<std::pair<size_t, int>, History> histories_;  // by Job and index, -1 the Job as a whole
  size_t scheduled_ = 0;
};

}  // namespace stint::simulate
