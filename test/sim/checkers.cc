#include "checkers.h"

#include <algorithm>

#include "api/rfc3339.h"
#include "control/cronjob/plan.h"
#include "control/job/indexes.h"
#include "control/job/pod.h"
#include "control/job/spec.h"

namespace stint::sim {
namespace {

using Uids = google::protobuf::RepeatedPtrField<std::string>;

std::set<std::string> minus(const Uids& from, const Uids& without) {
  std::set<std::string> left(from.begin(), from.end());
  for (const std::string& uid : without) left.erase(uid);
  return left;
}

bool has(const Uids& list, const std::string& uid) { return std::ranges::find(list, uid) != list.end(); }

// A status has an index once, in ascending order.
bool is_compressed(std::string_view text) {
  int last = -2;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    const size_t dash = piece.find('-');
    const int first = std::stoi(std::string(piece.substr(0, dash)));
    const int end = dash == std::string_view::npos ? first : std::stoi(std::string(piece.substr(dash + 1)));
    if (first <= last || end < first) return false;
    last = end;
  }
  return true;
}

std::vector<int> members(std::string_view text, int completions) {
  const auto set = job::IndexSet::parse(text, completions);
  std::vector<int> all;
  for (int i = 0; i < completions; ++i)
    if (set.has(i)) all.push_back(i);
  return all;
}

}  // namespace

void Checkers::violate(std::string_view rule, std::string what) {
  if (!violation_) violation_ = std::string(rule) + ": " + std::move(what);
}

void Checkers::see(const Commit& commit) {
  if (commit.revision <= last_revision_) violate("revisions rise", commit.key);
  last_revision_ = commit.revision;
  if (commit.kind == &kind_of<Job>()) {
    see_job(static_cast<const Job*>(commit.old.get()), static_cast<const Job*>(commit.next.get()));
  } else if (commit.kind == &kind_of<Pod>()) {
    see_pod(static_cast<const Pod*>(commit.old.get()), static_cast<const Pod*>(commit.next.get()));
  }
}

const batchv1::Job* Checkers::find_job(const std::string& uid) const {
  const auto key = job_keys_.find(uid);
  if (key == job_keys_.end()) return nullptr;
  const auto found = store_.objects().find(key->second);
  if (found == store_.objects().end() || meta(*found->second).uid() != uid) return nullptr;
  return static_cast<const Job*>(found->second.get());
}

std::shared_ptr<const corev1::Pod> Checkers::find_pod(const std::string& uid) const {
  const auto key = pod_keys_.find(uid);
  if (key == pod_keys_.end()) return nullptr;
  const auto found = store_.objects().find(key->second);
  if (found == store_.objects().end() || meta(*found->second).uid() != uid) return nullptr;
  return std::static_pointer_cast<const Pod>(found->second);
}

void Checkers::see_job(const Job* old, const Job* next) {
  if (next == nullptr) return;
  const std::string& uid = next->metadata().uid();
  job_keys_[uid] = "/registry/jobs/" + object_key(*next);
  JobLedger& ledger = jobs_[uid];
  ledger.name = object_key(*next);
  see_job_spec(*next, old, ledger);
  if (old == nullptr) return see_run(*next);
  check_counts(*old, *next, ledger);
  check_leaving(*old, *next, ledger);
  check_joining(*old, *next, ledger);
  check_indexes(*old, *next, ledger);
  check_conditions(*old, *next);
  if (!job::is_finished(*old) && job::is_finished(*next)) check_end_of_job(*next, ledger);
}

void Checkers::see_job_spec(const Job& job, const Job* old, JobLedger& ledger) {
  const int parallelism = job.spec().parallelism();
  const WallTime now = steady_now();
  if (ledger.parallelism.empty() || ledger.parallelism.back().second != parallelism) {
    if (!ledger.parallelism.empty() && ledger.parallelism.back().second > parallelism) ledger.shrunk = now;
    ledger.parallelism.emplace_back(now, parallelism);
  }
  if (job::is_suspended(job)) ledger.shrunk = now;
  if (old == nullptr) return;
  if (job::is_suspended(*old)) ledger.shrunk = now;
  if (old->spec().completions() != job.spec().completions()) {
    ledger.was_resized = true;
    ledger.shrunk = now;
  }
}

void Checkers::check_counts(const Job& old, const Job& next, JobLedger& ledger) {
  const auto &before = old.status(), &after = next.status();
  const auto tell = [&](std::string_view what, int from, int to) {
    violate("counts never fall", ledger.name + ": " + std::string(what) + " from " + std::to_string(from) + " to " + std::to_string(to));
  };
  if (after.failed() < before.failed()) tell("failed", before.failed(), after.failed());
  if (after.succeeded() < before.succeeded() && !ledger.was_resized) tell("succeeded", before.succeeded(), after.succeeded());
}

// Who leaves the lists of the uncounted is counted by that: once, and only when nothing holds the pod any more.
void Checkers::check_leaving(const Job& old, const Job& next, JobLedger& ledger) {
  const auto &before = old.status().uncountedterminatedpods(), &after = next.status().uncountedterminatedpods();
  const auto succeeded = minus(before.succeeded(), after.succeeded()), failed = minus(before.failed(), after.failed());
  const auto counted_by = [&](std::string_view what, size_t uids, int rise) {
    if (static_cast<int>(uids) == rise) return;
    violate("each pod is counted once", ledger.name + ": " + std::string(what) + " rises by " + std::to_string(rise) + ", but " +
                                            std::to_string(uids) + " pods were waiting to be counted");
  };
  counted_by("failed", failed.size(), next.status().failed() - old.status().failed());
  if (!job::is_indexed(next)) counted_by("succeeded", succeeded.size(), next.status().succeeded() - old.status().succeeded());
  for (const auto* left : {&succeeded, &failed}) {
    for (const std::string& uid : *left) {
      if (!ledger.counted.insert(uid).second) violate("each pod is counted once", ledger.name + ": pod " + uid + " again");
      const auto pod = find_pod(uid);
      if (pod != nullptr && job::has_tracking_finalizer(*pod))
        violate("each pod is counted once", ledger.name + ": pod " + object_key(*pod) + " is counted and keeps its finalizer");
    }
  }
}

void Checkers::check_joining(const Job& old, const Job& next, JobLedger& ledger) {
  const auto &before = old.status().uncountedterminatedpods(), &after = next.status().uncountedterminatedpods();
  for (const auto& joined : {minus(after.succeeded(), before.succeeded()), minus(after.failed(), before.failed())}) {
    for (const std::string& uid : joined) {
      if (ledger.counted.contains(uid)) violate("each pod is counted once", ledger.name + ": pod " + uid + " is to be counted again");
      if (!ledger.pods.contains(uid)) violate("each pod is counted once", ledger.name + ": " + uid + " is no pod of it");
    }
  }
  for (const std::string& uid : after.succeeded()) {
    if (has(after.failed(), uid)) violate("each pod is counted once", ledger.name + ": pod " + uid + " succeeded and failed");
    const auto known = pods_.find(uid);
    if (known != pods_.end() && known->second.phase != "Succeeded" && !has(before.succeeded(), uid))
      violate("counted as they ended", ledger.name + ": pod " + uid + " is " + known->second.phase);
  }
}

void Checkers::check_indexes(const Job& old, const Job& next, const JobLedger& ledger) {
  if (!job::is_indexed(next)) return;
  const auto &before = old.status(), &after = next.status();
  if (!is_compressed(after.completedindexes()) || !is_compressed(after.failedindexes()))
    return violate("no index succeeds twice", ledger.name + ": \"" + after.completedindexes() + "\", \"" + after.failedindexes() + "\"");
  const int completions = next.spec().completions();
  const auto completed = job::IndexSet::parse(after.completedindexes(), completions);
  const auto failed = job::IndexSet::parse(after.failedindexes(), completions);
  if (completed.overlap(failed) > 0)
    violate("no index succeeds and fails", ledger.name + ": \"" + after.completedindexes() + "\", \"" + after.failedindexes() + "\"");
  if (ledger.was_resized) return;
  for (const int index : members(before.completedindexes(), completions))
    if (!completed.has(index))
      violate("counts never fall", ledger.name + ": index " + std::to_string(index) + " is not completed any more");
  for (const int index : members(before.failedindexes(), completions))
    if (!failed.has(index)) violate("counts never fall", ledger.name + ": index " + std::to_string(index) + " is not failed any more");
  if (after.succeeded() != completed.size())
    violate("succeeded is the number of completed indexes",
            ledger.name + ": " + std::to_string(after.succeeded()) + ", \"" + after.completedindexes() + "\"");
  for (const int index : members(after.completedindexes(), completions)) {
    const bool proved = std::ranges::any_of(ledger.pods, [&](const std::string& uid) {
      const auto pod = pods_.find(uid);
      return pod != pods_.end() && pod->second.index == index && pod->second.phase == "Succeeded";
    });
    if (!proved) violate("counted as they ended", ledger.name + ": no pod of index " + std::to_string(index) + " succeeded");
  }
}

void Checkers::check_conditions(const Job& old, const Job& next) {
  for (const auto& condition : old.status().conditions()) {
    if (condition.type() == job::kSuspended || condition.status() != "True") continue;
    const auto* after = job::find_condition(next.status(), condition.type());
    const bool same = after != nullptr && after->status() == "True" && after->reason() == condition.reason();
    if (!same) violate("terminal conditions never change", object_key(next) + ": " + condition.type());
  }
  if (job::has_true_condition(next.status(), job::kComplete) && job::has_true_condition(next.status(), job::kFailed))
    violate("terminal conditions never change", object_key(next) + " is Complete and Failed");
}

void Checkers::check_end_of_job(const Job& job, const JobLedger& ledger) {
  constexpr std::string_view kRule = "a Job ends when it has ended";
  const auto& status = job.status();
  const auto& uncounted = status.uncountedterminatedpods();
  if (uncounted.succeeded_size() + uncounted.failed_size() > 0) violate(kRule, ledger.name + ": pods are not counted");
  for (const std::string& uid : ledger.pods) {
    const auto pod = find_pod(uid);
    // One that was given up holds nothing, and may still be on its way out.
    if (pod == nullptr || job::is_finished(*pod) || !job::has_tracking_finalizer(*pod)) continue;
    violate(kRule, ledger.name + ": pod " + object_key(*pod) + " is " + pod->status().phase());
  }
  const auto* complete = job::find_condition(status, job::kComplete);
  // What was enough when it was written stays so, when more is wanted later.
  if (complete != nullptr && complete->reason() == "CompletionsReached" && !ledger.was_resized) {
    const int wanted = job.spec().has_completions() ? job.spec().completions() : 1;
    if (status.succeeded() < wanted) violate(kRule, ledger.name + ": only " + std::to_string(status.succeeded()) + " succeeded");
  }
  const auto* failed = job::find_condition(status, job::kFailed);
  if (failed != nullptr && failed->reason() == "BackoffLimitExceeded" && job.spec().template_().spec().restartpolicy() == "Never" &&
      status.failed() <= job.spec().backofflimit())
    violate(kRule, ledger.name + ": only " + std::to_string(status.failed()) + " failed");
}

void Checkers::see_run(const Job& job) {
  const auto* owner = controller_of(job);
  if (owner == nullptr || owner->kind() != "CronJob") return;
  check_overlap(job, *owner);
  const auto planned = job.metadata().annotations().find(cronjob::kPlannedTime);
  if (planned == job.metadata().annotations().end()) return;
  auto [run, first] = runs_.try_emplace({owner->uid(), planned->second}, job.metadata().uid());
  if (!first && !removed_by_hand_.contains(run->second))
    violate("a CronJob starts a time once", owner->name() + " starts " + planned->second + " again as " + object_key(job));
  run->second = job.metadata().uid();
}

void Checkers::check_overlap(const Job& run, const metav1::OwnerReference& owner) {
  const auto cron_job = store_.objects().find("/registry/cronjobs/" + run.metadata().namespace_() + "/" + owner.name());
  if (cron_job == store_.objects().end() || meta(*cron_job->second).uid() != owner.uid()) return;
  if (static_cast<const batchv1::CronJob&>(*cron_job->second).spec().concurrencypolicy() != "Forbid") return;
  if (const Job* other = unfinished_run(owner.uid(), run.metadata().uid()))
    violate("a CronJob that forbids it runs one Job at a time", object_key(*other) + " runs, and " + object_key(run) + " starts");
}

const batchv1::Job* Checkers::unfinished_run(const std::string& cron_job_uid, const std::string& but) const {
  for (const auto& [uid, ledger] : jobs_) {
    const Job* job = uid == but ? nullptr : find_job(uid);
    const auto* owner = job == nullptr ? nullptr : controller_of(*job);
    if (owner != nullptr && owner->uid() == cron_job_uid && !job::is_finished(*job)) return job;
  }
  return nullptr;
}

bool Checkers::waits_rightly(const batchv1::CronJob& cron_job) const {
  if (cron_job.spec().suspend() || is_deleting(cron_job)) return true;
  return cron_job.spec().concurrencypolicy() == "Forbid" && unfinished_run(cron_job.metadata().uid(), "") != nullptr;
}

void Checkers::begin_calm() {
  calm_since_ = clock_.now();
  for (const auto& [key, object] : store_.objects()) {
    if (object->GetDescriptor() != batchv1::CronJob::descriptor()) continue;
    const auto& cron_job = static_cast<const batchv1::CronJob&>(*object);
    const auto& status = cron_job.status();
    const auto& base = status.has_lastscheduletime() ? status.lastscheduletime() : cron_job.metadata().creationtimestamp();
    if (from_time(base) > calm_since_) behind_.insert(key);
  }
}

void Checkers::end_calm() {
  std::string from;
  append_instant({.seconds = std::chrono::floor<std::chrono::seconds>(calm_since_.time_since_epoch()).count()}, 0, from);
  for (const auto& [key, object] : store_.objects()) {
    if (object->GetDescriptor() != batchv1::CronJob::descriptor() || behind_.contains(key)) continue;
    const auto& cron_job = static_cast<const batchv1::CronJob&>(*object);
    const bool has_run = std::ranges::any_of(
        runs_, [&](const auto& run) { return run.first.first == cron_job.metadata().uid() && run.first.second >= from; });
    if (!has_run && !waits_rightly(cron_job)) violate("a CronJob goes on", key + " has not run since " + from);
  }
}

void Checkers::see_pod(const Pod* old, const Pod* next) {
  const Pod& pod = next != nullptr ? *next : *old;
  const std::string& uid = pod.metadata().uid();
  if (old == nullptr) {
    pod_keys_[uid] = "/registry/pods/" + object_key(pod);
    PodLedger ledger{.index = job::completion_index(pod), .holds_finalizer = job::has_tracking_finalizer(pod)};
    if (const auto* owner = controller_of(pod)) ledger.job_uid = owner->uid();
    pods_[uid] = ledger;
    const auto job = jobs_.find(ledger.job_uid);
    if (job == jobs_.end()) return;
    job->second.pods.insert(uid);
    if (const Job* owner = find_job(ledger.job_uid)) check_parallelism(*owner, job->second, pod);
    return;
  }
  PodLedger& ledger = pods_[uid];
  // Once it has succeeded it has, whatever a late hand writes.
  if (ledger.phase != "Succeeded" || pod.status().phase() == "Failed") ledger.phase = pod.status().phase();
  ledger.gone = next == nullptr;
  const bool holds = next != nullptr && job::has_tracking_finalizer(pod);
  if (ledger.holds_finalizer && !holds) check_release(pod, ledger);
  ledger.holds_finalizer = holds;
}

void Checkers::check_parallelism(const Job& job, const JobLedger& ledger, const Pod& pod) {
  int allowed = 0;
  for (size_t i = 0; i < ledger.parallelism.size(); ++i) {
    const bool is_last = i + 1 == ledger.parallelism.size();
    if (is_last || ledger.parallelism[i + 1].first + kBelief >= steady_now()) allowed = std::max(allowed, ledger.parallelism[i].second);
  }
  int active = 0;
  for (const std::string& uid : ledger.pods) {
    const auto other = find_pod(uid);
    if (other == nullptr || job::is_finished(*other)) continue;
    if (!is_deleting(*other) || (job::replaces_only_failed(job) && job::has_tracking_finalizer(*other))) ++active;
  }
  if (active > allowed)
    violate("no more pods than parallelism allows",
            ledger.name + ": with " + object_key(pod) + " " + std::to_string(active) + " run, " + std::to_string(allowed) + " may");
}

// A pod that ended keeps its finalizer until the status has its uid, or its index.
void Checkers::check_release(const Pod& pod, const PodLedger& ledger) {
  const Job* job = find_job(ledger.job_uid);
  if (job == nullptr || is_deleting(*job) || job::is_finished(*job) || !job::is_finished(pod)) return;
  const JobLedger& of_job = jobs_[ledger.job_uid];
  const std::string& uid = pod.metadata().uid();
  const auto& uncounted = job->status().uncountedterminatedpods();
  if (has(uncounted.succeeded(), uid) || has(uncounted.failed(), uid)) return;
  // Given up while it ran, as far as the controller could see: such are not counted.
  if (of_job.shrunk && *of_job.shrunk + kBelief >= steady_now()) return;
  if (job::is_succeeded(pod) && job::is_indexed(*job)) {
    if (!job::has_valid_index(pod, *job)) return;
    if (job::IndexSet::parse(job->status().completedindexes(), job->spec().completions()).has(ledger.index)) return;
  }
  // Enough has succeeded: what still runs is given up.
  if (job::has_true_condition(job->status(), job::kSuccessCriteriaMet)) return;
  if (!job::is_succeeded(pod) && job->spec().has_podfailurepolicy()) return;
  violate("no pod loses its finalizer before it is counted", of_job.name + ": " + object_key(pod) + ", " + pod.status().phase());
}

std::string Checkers::unfinished() const {
  for (const auto& [key, object] : store_.objects()) {
    if (object->GetDescriptor() == Job::descriptor()) {
      const auto& job = static_cast<const Job&>(*object);
      if (!job::is_finished(job)) return key + " has not ended";
      if (is_deleting(job) || job.spec().has_ttlsecondsafterfinished()) return key + " is not removed";
    } else if (object->GetDescriptor() == Pod::descriptor()) {
      const auto& pod = static_cast<const Pod&>(*object);
      if (!job::is_finished(pod)) return key + " is " + pod.status().phase();
      if (is_deleting(pod)) return key + " is not removed";
    }
  }
  return "";
}

void Checkers::see_end(size_t live_sandboxes) {
  if (const std::string left = unfinished(); !left.empty()) violate("everything ends", left);
  for (const auto& [key, object] : store_.objects()) {
    if (object->GetDescriptor() != Pod::descriptor()) continue;
    if (job::has_tracking_finalizer(static_cast<const Pod&>(*object))) violate("no finalizer is orphaned", key);
  }
  if (live_sandboxes > 0) violate("nothing is left behind", std::to_string(live_sandboxes) + " sandboxes");
}

}  // namespace stint::sim
