#include "control/job/plan.h"

#include <algorithm>

#include "control/job/spec.h"

namespace stint::job {
namespace {

void look_again_after(Plan& plan, Duration delay) { plan.look_again = plan.look_again ? std::min(*plan.look_again, delay) : delay; }

int32_t wanted_active(const batchv1::Job& job, const Tally& tally) {
  const int32_t active = tally.active;
  // Work-queue Job: after a first success the rest may finish, but no new pod starts.
  if (!job.spec().has_completions()) return tally.succeeded > 0 ? active : job.spec().parallelism();
  return std::clamp(job.spec().completions() - tally.succeeded, 0, std::max(0, job.spec().parallelism()));
}

// Pods without a valid index, and all but the best of each index.
void split_by_index(const batchv1::Job& job, Pods pods, Pods& surplus, Pods& kept) {
  std::ranges::sort(pods, goes_before, [](const PodPtr& pod) -> const corev1::Pod& { return *pod; });
  std::map<int, PodPtr> best;
  for (const PodPtr& pod : pods) {
    if (!has_valid_index(*pod, job)) {
      surplus.push_back(pod);
      continue;
    }
    PodPtr& held = best[completion_index(*pod)];
    if (held != nullptr) surplus.push_back(held);
    held = pod;
  }
  for (auto& [index, pod] : best) kept.push_back(pod);
}

// At most kPodsPerSyncMax of the surplus over what is wanted, those without a place first.
Pods choose_surplus(const View& view, int32_t at_least) {
  const batchv1::Job& job = *view.job;
  Pods surplus, kept;
  if (at_least == 0 && view.sums.misplaced == 0) return surplus;
  const Pods active = view.active_pods();
  if (is_indexed(job)) {
    split_by_index(job, active, surplus, kept);
  } else {
    kept = active;
  }
  const ptrdiff_t room = kPodsPerSyncMax - std::ssize(surplus);
  const ptrdiff_t more = std::min({at_least - std::ssize(surplus), room, std::ssize(kept)});
  if (room < 0) surplus.resize(kPodsPerSyncMax);
  if (more <= 0) return surplus;
  const auto end = kept.begin() + more;
  std::ranges::partial_sort(kept, end, goes_before, [](const PodPtr& pod) -> const corev1::Pod& { return *pod; });
  surplus.insert(surplus.end(), kept.begin(), end);
  return surplus;
}

// Indexes that nothing holds: neither active, nor done, nor, where a pod is replaced only once it ended, still terminating.
std::vector<int> free_indexes(const View& view, const Tally& tally, int32_t count) {
  const IndexSet taken = tally.completed.merged(tally.failed_indexes).merged(view.held);
  return taken.first_missing(count, view.job->spec().completions());
}

// Of the chosen indexes those whose back-off is over start at once; if none is, the Job looks again when the first will be.
void create_indexes(const View& view, WallTime now, int32_t count, Plan& plan) {
  std::optional<Duration> shortest;
  for (int index : free_indexes(view, plan.tally, count)) {
    const auto held = plan.tally.held_back.find(index);
    const PodPtr replaces = held == plan.tally.held_back.end() ? nullptr : held->second;
    const Duration wait = replaces ? index_back_off_remaining(*replaces, now) : Duration{0};
    if (wait > Duration{0}) {
      shortest = shortest ? std::min(*shortest, wait) : wait;
    } else {
      plan.create.push_back({index, replaces});
    }
  }
  if (plan.create.empty() && shortest) look_again_after(plan, *shortest);
}

void create_missing(const View& view, WallTime now, int32_t missing, Plan& plan) {
  const int32_t count = std::min(missing, kPodsPerSyncMax);
  if (!has_limit_per_index(*view.job)) {
    const Duration wait = plan.tally.back_off.remaining(now);
    if (wait > Duration{0}) return look_again_after(plan, wait);
  }
  if (is_indexed(*view.job)) return create_indexes(view, now, count, plan);
  plan.create.resize(count);
}

// Removal goes first: a sync creates or removes, never both.
void manage_pods(const View& view, WallTime now, Plan& plan) {
  const batchv1::Job& job = *view.job;
  plan.manages_pods = true;
  const int32_t active = plan.tally.active;
  if (is_suspended(job)) {
    plan.discard = view.active_pods();
    return;
  }
  const int32_t wanted = wanted_active(job, plan.tally);
  plan.discard = choose_surplus(view, std::max(0, active - wanted));
  if (!plan.discard.empty()) return;
  const int32_t still_held = replaces_only_failed(job) ? plan.tally.terminating : 0;
  if (const int32_t missing = wanted - active - still_held; missing > 0) create_missing(view, now, missing, plan);
}

}  // namespace

Plan plan(const View& view, WallTime now) {
  Plan plan{.tally = count(view), .status = view.job->status()};
  plan.status.mutable_uncountedterminatedpods();
  if (!plan.status.has_starttime() && !is_suspended(*view.job)) *plan.status.mutable_starttime() = to_time(now);

  plan.verdict = find_verdict(view, plan.tally, plan.status, now);
  if (plan.verdict) {
    plan.kill = view.active_pods();
    return plan;
  }
  if (is_deleting(*view.job)) plan.let_go = view.active_pods();
  if (const auto left = until_deadline(*view.job, plan.status, now)) look_again_after(plan, *left);
  if (view.all_created_seen && !is_deleting(*view.job)) manage_pods(view, now, plan);
  return plan;
}

}  // namespace stint::job
