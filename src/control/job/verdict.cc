#include "control/job/verdict.h"

#include <algorithm>

#include "control/job/pod_failure_policy.h"
#include "control/job/spec.h"
#include "control/job/success_policy.h"

namespace stint::job {
namespace {

// A longer deadline never comes: a hundred years, well inside what a Duration holds.
constexpr int64_t kDeadlineSecondsMax = 100LL * 366 * 24 * 3600;

Verdict failure(std::string_view reason, std::string_view message, WallTime now) {
  return make_condition(kFailureTarget, true, reason, message, now);
}

Verdict stored_verdict(const batchv1::JobStatus& status) {
  for (std::string_view type : {kSuccessCriteriaMet, kFailureTarget}) {
    if (has_true_condition(status, type)) return *find_condition(status, type);
  }
  return std::nullopt;
}

Verdict policy_verdict(const View& view, WallTime now) {
  if (view.condemning.empty()) return std::nullopt;
  return failure("PodFailurePolicy", match_pod_failure(*view.job, *view.condemning.front()).message, now);
}

// With restartPolicy OnFailure the attempts are restarts inside the pods that still run.
bool restarts_exceed_limit(const View& view) {
  const auto& spec = view.job->spec();
  if (spec.template_().spec().restartpolicy() != "OnFailure") return false;
  return spec.backofflimit() == 0 ? view.sums.restarts > 0 : view.sums.restarts >= spec.backofflimit();
}

Verdict limit_verdict(const View& view, const Tally& tally, const batchv1::JobStatus& status, WallTime now) {
  if (tally.failed > view.job->spec().backofflimit() || restarts_exceed_limit(view)) {
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit", now);
  }
  if (const auto left = until_deadline(*view.job, status, now); left && *left <= Duration{0}) {
    return failure("DeadlineExceeded", "Job was active longer than specified deadline", now);
  }
  return std::nullopt;
}

Verdict index_verdict(const batchv1::Job& job, const Tally& tally, WallTime now) {
  if (!has_limit_per_index(job)) return std::nullopt;
  const int failed = tally.failed_indexes.size();
  if (job.spec().has_maxfailedindexes() && failed > job.spec().maxfailedindexes()) {
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes", now);
  }
  if (failed > 0 && failed + tally.completed.size() >= job.spec().completions())
    return failure("FailedIndexes", "Job has failed indexes", now);
  return std::nullopt;
}

}  // namespace

Verdict find_verdict(const View& view, const Tally& tally, const batchv1::JobStatus& status, WallTime now) {
  if (auto verdict = stored_verdict(status)) return verdict;
  if (auto verdict = policy_verdict(view, now)) return verdict;
  if (auto verdict = limit_verdict(view, tally, status, now)) return verdict;
  if (!is_indexed(*view.job)) return std::nullopt;
  if (auto verdict = index_verdict(*view.job, tally, now)) return verdict;
  if (auto message = match_success_policy(*view.job, tally.completed)) {
    return make_condition(kSuccessCriteriaMet, true, "SuccessPolicy", *message, now);
  }
  return std::nullopt;
}

Verdict completion_verdict(const batchv1::Job& job, int32_t succeeded, int32_t active, WallTime now) {
  // Without completions the first success decides, once the others are through.
  const bool enough = job.spec().has_completions() ? succeeded >= job.spec().completions() : succeeded > 0;
  if (!enough || active != 0) return std::nullopt;
  return make_condition(kSuccessCriteriaMet, true, "CompletionsReached", "Reached expected number of succeeded pods", now);
}

std::optional<Duration> until_deadline(const batchv1::Job& job, const batchv1::JobStatus& status, WallTime now) {
  if (!job.spec().has_activedeadlineseconds() || !status.has_starttime() || is_suspended(job)) return std::nullopt;
  const std::chrono::seconds limit(std::min(job.spec().activedeadlineseconds(), kDeadlineSecondsMax));
  return limit - (now - from_time(status.starttime()));
}

bool is_success(const batchv1::JobCondition& verdict) { return verdict.type() == kSuccessCriteriaMet; }

}  // namespace stint::job
