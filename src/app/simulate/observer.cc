#include "app/simulate/observer.h"

#include <algorithm>

#include "api/batch/cron_schedule.h"
#include "api/go_duration.h"
#include "control/job/indexes.h"
#include "control/job/pod.h"
#include "control/job/spec.h"
#include "node/phase.h"
#include "node/restart_policy.h"

namespace stint::simulate {
namespace {

constexpr int kWholeJob = -1;

bool has_ended(const corev1::Pod& pod) { return is_terminal_phase(pod.status().phase()); }

std::optional<int> index_of(const corev1::Pod& pod) {
  const int index = job::completion_index(pod);
  return index == job::kNoIndex ? std::nullopt : std::optional(index);
}

// One that starts before the others and ends after them: its end says nothing of the attempt.
bool is_beside(const corev1::PodSpec& spec, const std::string& name) {
  return std::ranges::any_of(spec.initcontainers(),
                             [&](const auto& container) { return container.name() == name && is_sidecar(container); });
}

std::string counted(int count, const std::string& noun) { return std::to_string(count) + " " + noun + (count == 1 ? "" : "s"); }

// What a reader of the attempts learns nothing new from.
bool is_told_elsewhere(const corev1::Event& event) {
  static constexpr std::string_view kTold[] = {"SuccessfulCreate", "SuccessfulDelete", "SawCompletedJob", "BackOff", "Failed"};
  const std::string& kind = event.involvedobject().kind();
  if (std::ranges::find(kTold, event.reason()) != std::end(kTold)) return true;
  if (kind == "CronJob") return false;
  return event.type() != "Warning" || (kind != "Job" && kind != "Pod");
}

bool may_go_on(const batchv1::Job& job) {
  if (is_deleting(job)) return true;
  if (job::is_finished(job)) return job.spec().has_ttlsecondsafterfinished();
  return !job::is_suspended(job) && !job::is_managed_elsewhere(job);
}

bool may_go_on(const batchv1::CronJob& cron_job, WallTime now) {
  if (cron_job.spec().suspend()) return false;
  const auto schedule = CronSchedule::parse(cron_job.spec().schedule());
  const auto zone = TimeZone::find(cron_job.spec().timezone());
  return schedule && zone && schedule->next(now, *zone);
}

}  // namespace

void Observer::see(const Commit& commit) {
  if (commit.kind != &kind_of<corev1::Event>()) last_change_ = clock_.now();
  if (commit.kind == &kind_of<batchv1::Job>()) {
    see_job(static_cast<const batchv1::Job*>(commit.old.get()), static_cast<const batchv1::Job*>(commit.next.get()));
  } else if (commit.kind == &kind_of<corev1::Pod>()) {
    const Object& newest = commit.next ? commit.next : commit.old;
    if (newest) pods_[meta(*newest).uid()] = std::static_pointer_cast<const Pod>(newest);
    see_pod(static_cast<const Pod*>(commit.old.get()), static_cast<const Pod*>(commit.next.get()));
  } else if (commit.kind == &kind_of<corev1::Event>() && commit.next) {
    see_event(static_cast<const corev1::Event&>(*commit.next));
  }
}

std::shared_ptr<const corev1::Pod> Observer::pod(const std::string& uid) const {
  const auto found = pods_.find(uid);
  return found == pods_.end() ? nullptr : found->second;
}

bool Observer::is_over() const {
  return std::ranges::none_of(store_.objects(), [this](const auto& entry) {
    const Message& object = *entry.second;
    if (object.GetDescriptor() == batchv1::Job::descriptor()) return may_go_on(static_cast<const batchv1::Job&>(object));
    if (object.GetDescriptor() == batchv1::CronJob::descriptor())
      return may_go_on(static_cast<const batchv1::CronJob&>(object), clock_.now());
    return object.GetDescriptor() == Pod::descriptor() && !has_ended(static_cast<const Pod&>(object));
  });
}

bool Observer::is_stuck() const {
  if (clock_.now() - last_change_ < kStuck) return false;
  return std::ranges::none_of(store_.objects(), [](const auto& entry) {
    const Message& object = *entry.second;
    if (object.GetDescriptor() == batchv1::CronJob::descriptor()) return !static_cast<const batchv1::CronJob&>(object).spec().suspend();
    if (object.GetDescriptor() == Pod::descriptor()) {
      const auto& pod = static_cast<const Pod&>(object);
      return !pod.spec().nodename().empty() && !has_ended(pod);
    }
    if (object.GetDescriptor() != batchv1::Job::descriptor()) return false;
    const auto& job = static_cast<const batchv1::Job&>(object);
    return job::is_finished(job) ? job.spec().has_ttlsecondsafterfinished() : job.spec().has_activedeadlineseconds();
  });
}

void Observer::see_job(const batchv1::Job* old, const batchv1::Job* next) {
  const batchv1::Job& job = next != nullptr ? *next : *old;
  auto [place, added] = jobs_.try_emplace(job.metadata().uid(), report_.jobs.size());
  if (added) {
    JobReport report{
        .ns = job.metadata().namespace_(), .name = job.metadata().name(), .uid = job.metadata().uid(), .created = clock_.now()};
    const auto* owner = controller_of(job);
    if (owner != nullptr && owner->kind() == "CronJob") report.cron_job = owner->name(), ++scheduled_;
    report_.jobs.push_back(std::move(report));
  }
  JobReport& report = report_.jobs[place->second];
  if (next == nullptr) {
    report.deleted_at = clock_.now();
    return;
  }
  const auto& status = job.status();
  report.succeeded = status.succeeded();
  report.failed = status.failed();
  report.completed_indexes = status.completedindexes();
  report.failed_indexes = status.failedindexes();
  report.suspended = job::is_suspended(job);
  if (report.at || !job::is_finished(job)) return;
  for (const auto& condition : status.conditions()) {
    if ((condition.type() != "Complete" && condition.type() != "Failed") || condition.status() != "True") continue;
    report.condition = condition.type();
    report.reason = condition.reason();
    report.message = condition.message();
    report.at = clock_.now();
  }
}

void Observer::see_pod(const Pod* old, const Pod* next) {
  const Pod& pod = next != nullptr ? *next : *old;
  auto known = tracks_.find(pod.metadata().uid());
  if (known == tracks_.end()) {
    const auto* owner = controller_of(pod);
    const auto job = owner == nullptr ? jobs_.end() : jobs_.find(owner->uid());
    if (job == jobs_.end()) return;
    known = tracks_.emplace(pod.metadata().uid(), Track{.job = job->second}).first;
    begin(pod, known->second);
  }
  Track& track = known->second;
  if (track.ended) return;
  see_waiting(pod, track);
  see_containers(pod, track);
  if (next == nullptr || has_ended(pod)) end_pod(pod, track, next == nullptr);
}

void Observer::begin(const Pod& pod, Track& track) {
  JobReport& job = report_.jobs[track.job];
  Attempt attempt{.pod = pod.metadata().name(), .index = index_of(pod), .created = clock_.now()};
  explain_start(pod, job, attempt);
  track.attempt[""] = job.attempts.size();
  job.attempts.push_back(std::move(attempt));
}

void Observer::explain_start(const Pod& pod, const JobReport& report, Attempt& attempt) {
  const size_t place = jobs_[report.uid];
  const History& whole = histories_[{place, kWholeJob}];
  const History& own = histories_[{place, attempt.index.value_or(kWholeJob)}];
  if (!own.last_end) {
    const bool first = !whole.last_end;
    attempt.reason = first ? "JobStarted" : "NextCompletion";
    attempt.why = first ? "the Job starts" : "a pod ended, the next index starts";
    return;
  }
  if (own.failures == 0) {
    attempt.reason = "NextCompletion";
    attempt.why = "a pod succeeded, more are wanted";
    return;
  }
  const bool for_itself = pod.metadata().annotations().contains(std::string(job::kFailureCountKey));
  const History& judged = for_itself ? own : whole;
  if (!own.disrupted && judged.failures == 0) {
    attempt.reason = "Retry";
    attempt.why = "the index failed before; a pod has succeeded since, so the Job does not wait";
    return;
  }
  attempt.backoff = clock_.now() - judged.last_failure.value_or(clock_.now());
  attempt.reason = own.disrupted ? "Disrupted" : "BackOff";
  const std::string waits = (for_itself ? " of the index it waited " : " in a row the Job waited ") + go_duration_text(attempt.backoff);
  attempt.why = own.disrupted ? "the pod before it was taken away" : "after " + counted(judged.failures, "failure") + waits;
}

void Observer::see_waiting(const Pod& pod, Track& track) {
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() == "PodScheduled" && condition.status() == "False" && !track.unscheduled) track.unscheduled = clock_.now();
  }
  const auto look = [&](const auto& statuses) {
    for (const auto& status : statuses) {
      const std::string& reason = status.state().waiting().reason();
      if ((reason == "ErrImagePull" || reason == "ImagePullBackOff") && !track.pull_failed) track.pull_failed = clock_.now();
    }
  };
  look(pod.status().initcontainerstatuses());
  look(pod.status().containerstatuses());
}

void Observer::see_containers(const Pod& pod, Track& track) {
  const auto look = [&](const auto& statuses) {
    for (const auto& status : statuses) {
      if (is_beside(pod.spec(), status.name())) continue;
      const int restarts = status.restartcount();
      // While a container waits, the last state is of its newest start, and otherwise of the one before.
      const int last = status.state().has_waiting() ? restarts : restarts - 1;
      if (last >= 0) see_instance(pod, track, status.name(), last, status.laststate());
      see_instance(pod, track, status.name(), restarts, status.state());
    }
  };
  look(pod.status().initcontainerstatuses());
  look(pod.status().containerstatuses());
}

// Times of a status are whole seconds; what is seen in that second is known better.
WallTime Observer::precise(const metav1::Time& time) const {
  const WallTime now = clock_.now(), told = from_time(time);
  return std::chrono::floor<std::chrono::seconds>(now) == told ? now : told;
}

Attempt& Observer::restart_of(const Pod& pod, Track& track, const std::string& container, int restart, WallTime start) {
  JobReport& job = report_.jobs[track.job];
  const auto [place, added] = track.attempt.try_emplace(container + "#" + std::to_string(restart), job.attempts.size());
  if (!added) return job.attempts[place->second];
  Attempt attempt{.pod = pod.metadata().name(), .index = index_of(pod), .container = container};
  const auto before = track.attempt.find(restart == 1 ? "" : container + "#" + std::to_string(restart - 1));
  attempt.created = before == track.attempt.end() ? start : job.attempts[before->second].end.value_or(start);
  attempt.backoff = start - attempt.created;
  attempt.reason = "ContainerRestart";
  attempt.why = "the container starts again in its pod" +
                (attempt.backoff > Duration{0} ? ", after a back-off of " + go_duration_text(attempt.backoff) : std::string());
  job.attempts.push_back(std::move(attempt));
  return job.attempts.back();
}

void Observer::see_instance(const Pod& pod, Track& track, const std::string& container, int restart, const corev1::ContainerState& state) {
  if (!state.has_running() && !state.has_terminated()) return;
  const auto& end = state.terminated();
  const bool never_ran = state.has_terminated() && !end.has_startedat();
  if (never_ran) return;
  const WallTime told = from_time(state.has_running() ? state.running().startedat() : end.startedat());
  const bool known = restart > 0 && track.attempt.contains(container + "#" + std::to_string(restart));
  const WallTime start = known ? told : precise(state.has_running() ? state.running().startedat() : end.startedat());
  Attempt& attempt = restart == 0 ? report_.jobs[track.job].attempts[track.attempt[""]] : restart_of(pod, track, container, restart, start);
  if (!attempt.start) {
    attempt.start = start;
    if (restart == 0 && track.pull_failed) {
      const Duration wait = start - *track.pull_failed;
      attempt.backoff += wait;
      attempt.reason = "ImagePullBackOff";
      attempt.why = "the image could not be pulled, which was tried again for " + go_duration_text(wait);
    } else if (restart == 0 && track.unscheduled) {
      attempt.reason = "Unschedulable";
      attempt.why = "no node had room for " + go_duration_text(start - *track.unscheduled);
    }
  }
  if (!state.has_terminated()) return;
  if (!attempt.end || from_time(end.finishedat()) > *attempt.end) attempt.end = precise(end.finishedat());
  if (attempt.exit_code.value_or(0) != 0) return;
  attempt.exit_code = end.exitcode();
  attempt.outcome = end.reason();
}

void Observer::end_pod(const Pod& pod, Track& track, bool gone) {
  track.ended = true;
  Attempt& first = report_.jobs[track.job].attempts[track.attempt[""]];
  if (!first.end) first.end = clock_.now();
  const std::string& phase = pod.status().phase();
  if (first.outcome.empty()) first.outcome = !pod.status().reason().empty() ? pod.status().reason() : gone ? "Deleted" : phase;
  // Deleted without its finalizer: the Job had no more use for it, and counts nothing.
  if (is_deleting(pod) && !job::has_tracking_finalizer(pod)) return;
  const bool disrupted =
      std::ranges::any_of(pod.status().conditions(), [](const auto& condition) { return condition.type() == "DisruptionTarget"; });
  std::vector<int> places{kWholeJob};
  if (first.index) places.push_back(*first.index);
  for (const int place : places) {
    History& history = histories_[{track.job, place}];
    history.last_end = clock_.now();
    history.disrupted = disrupted;
    if (phase == "Succeeded") {
      history.failures = 0;
    } else {
      ++history.failures;
      history.last_failure = clock_.now();
    }
  }
}

void Observer::see_event(const corev1::Event& event) {
  if (is_told_elsewhere(event) || report_.notes.size() >= kNotesMax) return;
  const auto& about = event.involvedobject();
  const std::string object = about.kind() + " " + object_key(about.namespace_(), about.name());
  const auto same =
      std::ranges::find_if(report_.notes, [&](const Note& note) { return note.object == object && note.reason == event.reason(); });
  // Each run that a CronJob leaves out is news.
  if (about.kind() == "CronJob" || same == report_.notes.end()) {
    report_.notes.push_back(
        {.at = clock_.now(), .last = clock_.now(), .object = object, .reason = event.reason(), .message = event.message()});
    return;
  }
  same->last = clock_.now();
  ++same->count;
}

Report Observer::take(WallTime start) {
  Report report = std::move(report_);
  report.start = start;
  report.end = clock_.now();
  // The end of a Job says it already.
  std::erase_if(report.notes, [&](const Note& note) {
    return std::ranges::any_of(report.jobs, [&](const JobReport& job) {
      return note.object == "Job " + object_key(job.ns, job.name) && note.reason == job.reason;
    });
  });
  return report;
}

}  // namespace stint::simulate
