// What may be written to a Job's status, also by controllers from elsewhere (managedBy). Most rules run only when what they
// judge changes in this write, so that old bad data does not block unrelated edits. Source: upstream's job strategy and
// pkg/apis/batch/validation; the table is section 5 of the jobs sheet.
#include <set>

#include "api/batch/index_format.h"
#include "api/batch/job.h"
#include "api/equality.h"
#include "api/internal_form.h"

namespace stint::batch {
namespace {

const FieldPath kStatus("status");
const FieldPath kConditions("status.conditions");

// One side of the write, with what the rules ask about it.
struct Side {
  explicit Side(const batchv1::Job& job)
      : spec(job.spec()),
        status(job.status()),
        complete(has_condition(status, "Complete")),
        failed(has_condition(status, "Failed")),
        finished(complete || failed),
        failure_target(has_condition(status, "FailureTarget")),
        success_criteria(has_condition(status, "SuccessCriteriaMet")) {}

  const batchv1::JobSpec& spec;
  const batchv1::JobStatus& status;
  bool complete;
  bool failed;
  bool finished;
  bool failure_target;
  bool success_criteria;
};

bool same_field(const Side& a, const Side& b, const char* name) {
  return semantically_equal_field(a.status, b.status, batchv1::JobStatus::descriptor()->FindFieldByName(name));
}

std::string shown_time(bool is_set, const metav1::Time& time) { return is_set ? quote(format_rfc3339(from_time(time))) : "null"; }

void validate_counters(const batchv1::JobStatus& status, FieldErrors& errors) {
  auto check = [&](int64_t value, std::string_view name) {
    if (value < 0) errors.invalid(kStatus / name, shown(value), "must be greater than or equal to 0");
  };
  check(status.active(), "active");
  check(status.succeeded(), "succeeded");
  check(status.failed(), "failed");
  check(status.ready(), "ready");
  check(status.terminating(), "terminating");
}

void validate_uncounted(const batchv1::JobStatus& status, FieldErrors& errors) {
  std::set<std::string_view> seen;
  auto check = [&](const auto& uids, std::string_view name) {
    FieldPath path = kStatus / "uncountedTerminatedPods" / name;
    for (int i = 0; i < uids.size(); ++i) {
      if (uids[i].empty()) {
        errors.invalid(path.index(i), quote(""), "must not be empty");
      } else if (!seen.insert(uids[i]).second) {
        errors.duplicate(path.index(i), quote(uids[i]));
      }
    }
  };
  check(status.uncountedterminatedpods().succeeded(), "succeeded");
  check(status.uncountedterminatedpods().failed(), "failed");
}

void validate_condition_pairs(const Side& next, const Side& old, FieldErrors& errors) {
  auto refuse = [&](bool is_wrong, std::string_view detail) {
    if (is_wrong) errors.invalid(kConditions, "", detail);
  };
  bool complete_changed = next.complete != old.complete;
  bool failed_changed = next.failed != old.failed;
  bool criteria_changed = next.success_criteria != old.success_criteria;
  refuse((complete_changed || failed_changed) && next.complete && next.failed, "cannot set Complete=True and Failed=true conditions");
  refuse((complete_changed || next.failure_target != old.failure_target) && next.complete && next.failure_target,
         "cannot set Complete=True and FailureTarget=true conditions");
  refuse((failed_changed || !same_field(next, old, "failedIndexes")) && next.failed && !next.failure_target,
         "cannot set Failed=True condition without the FailureTarget=true condition");
  refuse((complete_changed || criteria_changed) && next.complete && !next.success_criteria,
         "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  refuse(next.success_criteria && next.failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
  refuse(next.success_criteria && next.failure_target, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  refuse(next.spec.has_successpolicy() && next.complete && !next.success_criteria,
         "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
}

// What is decided stays decided.
void validate_condition_changes(const Side& next, const Side& old, FieldErrors& errors) {
  auto refuse = [&](bool is_wrong, std::string_view detail) {
    if (is_wrong) errors.invalid(kConditions, "", detail);
  };
  refuse(old.failed && !next.failed, "cannot disable the terminal Failed=True condition");
  refuse(old.complete && !next.complete, "cannot disable the terminal Complete=True condition");
  refuse(old.failure_target && !next.failure_target, "cannot disable the terminal FailureTarget=True condition");
  refuse(old.success_criteria && !next.success_criteria, "cannot disable the SuccessCriteriaMet=True condition");
  refuse(old.complete && !old.success_criteria && next.success_criteria,
         "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
}

void validate_completion_time(const Side& next, const Side& old, FieldErrors& errors) {
  FieldPath path = kStatus / "completionTime";
  const batchv1::JobStatus& status = next.status;
  bool time_changed = !same_field(next, old, "completionTime");
  bool judged = time_changed || next.complete != old.complete;
  std::string text = shown_time(status.has_completiontime(), status.completiontime());
  if (judged && status.has_completiontime() && !next.complete) {
    errors.invalid(path, text, "cannot set completionTime when there is no Complete=True condition");
  }
  if (judged && !status.has_completiontime() && next.complete) errors.required(path, "completionTime is required for Complete jobs");
  bool order_judged = time_changed || !same_field(next, old, "startTime");
  if (order_judged && status.has_starttime() && status.has_completiontime() &&
      status.completiontime().seconds() < status.starttime().seconds()) {
    errors.invalid(path, text, "must be equal to or after `startTime`");
  }
  if (time_changed && status.has_completiontime() && old.status.has_completiontime()) errors.invalid(path, text, "field is immutable");
}

void validate_start_time(const Side& next, const Side& old, FieldErrors& errors) {
  FieldPath path = kStatus / "startTime";
  const batchv1::JobStatus& status = next.status;
  bool changed = !same_field(next, old, "startTime");
  bool suspended_with_nothing_to_do = next.spec.suspend() && next.spec.has_completions() && next.spec.completions() == 0;
  if ((changed || next.finished != old.finished) && !suspended_with_nothing_to_do && !status.has_starttime() && next.finished) {
    errors.required(path, "startTime is required for finished job");
  }
  bool resuming = has_condition(old.status, "Suspended") && has_condition(status, "Suspended", "False");
  if (changed && !resuming && old.status.has_starttime() && !next.spec.suspend()) {
    errors.invalid(path, shown_time(status.has_starttime(), status.starttime()), "field is immutable for unsuspended job once set");
  }
}

void validate_finished(const Side& next, const Side& old, FieldErrors& errors) {
  const batchv1::JobStatus& status = next.status;
  bool finish_changed = next.finished != old.finished;
  auto judged = [&](const char* field) { return next.finished && (finish_changed || !same_field(next, old, field)); };
  if (judged("active") && status.active() > 0) {
    errors.invalid(kStatus / "active", shown(status.active()), "active>0 is invalid for finished job");
  }
  if (judged("terminating") && status.terminating() > 0) {
    errors.invalid(kStatus / "terminating", shown(status.terminating()), "terminating>0 is invalid for finished job");
  }
  const batchv1::UncountedTerminatedPods& uncounted = status.uncountedterminatedpods();
  if (judged("uncountedTerminatedPods") && uncounted.succeeded_size() + uncounted.failed_size() > 0) {
    errors.invalid(kStatus / "uncountedTerminatedPods", internal_text(uncounted), "must be empty for finished job");
  }
}

void validate_counter_changes(const Side& next, const Side& old, FieldErrors& errors) {
  const batchv1::JobStatus& status = next.status;
  bool ready_judged = !same_field(next, old, "ready") || !same_field(next, old, "active");
  if (ready_judged && status.has_ready() && status.ready() > status.active()) {
    errors.invalid(kStatus / "ready", shown(status.ready()), "cannot set more ready pods than active");
  }
  if (status.failed() < old.status.failed()) {
    errors.invalid(kStatus / "failed", shown(status.failed()), "cannot decrease the failed counter");
  }
  // An Indexed Job that can be scaled down loses what it counted for the dropped indexes.
  bool elastic = is_indexed(next.spec) && next.spec.has_completions() && next.spec.completions() == next.spec.parallelism();
  if (!elastic && status.succeeded() < old.status.succeeded()) {
    errors.invalid(kStatus / "succeeded", shown(status.succeeded()), "cannot decrease the succeeded counter");
  }
}

void validate_indexes(const Side& next, const Side& old, FieldErrors& errors) {
  const batchv1::JobStatus& status = next.status;
  FieldPath completed_path = kStatus / "completedIndexes";
  FieldPath failed_path = kStatus / "failedIndexes";
  bool completed_changed = !same_field(next, old, "completedIndexes");
  bool failed_changed = !same_field(next, old, "failedIndexes");
  bool bounded = next.spec.has_completions();
  if (completed_changed && bounded) {
    auto parsed = parse_indexes(status.completedindexes(), next.spec.completions());
    if (!parsed) errors.invalid(completed_path, quote(status.completedindexes()), "error parsing completedIndexes: " + parsed.error());
  }
  if (completed_changed && !status.completedindexes().empty() && !is_indexed(next.spec)) {
    errors.invalid(completed_path, quote(status.completedindexes()),
                   "cannot set non-empty completedIndexes when non-indexed completion mode");
  }
  if (!status.has_failedindexes()) return;
  std::string failed_text = quote(status.failedindexes());
  if (failed_changed && bounded && next.spec.has_backofflimitperindex()) {
    auto parsed = parse_indexes(status.failedindexes(), next.spec.completions());
    if (!parsed) errors.invalid(failed_path, failed_text, "error parsing failedIndexes: " + parsed.error());
  }
  if (failed_changed && !next.spec.has_backofflimitperindex()) {
    errors.invalid(failed_path, failed_text, "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
  }
  if (!(completed_changed || failed_changed) || !bounded) return;
  int32_t common = first_common_index(status.completedindexes(), status.failedindexes(), next.spec.completions());
  if (common >= 0) errors.invalid(failed_path, failed_text, "failedIndexes and completedIndexes overlap at index: " + shown(common));
}

}  // namespace

void validate_job_status(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  Side next(as_job(next_object));
  Side old(as_job(old_object));
  validate_counters(next.status, errors);
  validate_uncounted(next.status, errors);
  validate_condition_pairs(next, old, errors);
  validate_completion_time(next, old, errors);
  validate_finished(next, old, errors);
  validate_start_time(next, old, errors);
  validate_indexes(next, old, errors);
  validate_condition_changes(next, old, errors);
  validate_counter_changes(next, old, errors);
}

}  // namespace stint::batch
