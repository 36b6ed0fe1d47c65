#include "control/cronjob/plan.h"

#include <algorithm>

#include "api/go_quote.h"
#include "api/object.h"
#include "control/cronjob/missed_runs.h"

namespace stint::cronjob {
namespace {

struct Timetable {
  CronSchedule schedule;
  TimeZone zone;
};

bool names_zone(const batchv1::CronJob& cron_job) { return cron_job.spec().schedule().contains("TZ"); }

// A zone inside the schedule goes before spec.timeZone; without either it is UTC, as where upstream's controller runs in its image.
Result<Timetable> read_timetable(const batchv1::CronJob& cron_job) {
  TRY(CronSchedule schedule, CronSchedule::parse(cron_job.spec().schedule()));
  const std::optional<TimeZone> zone = names_zone(cron_job) ? TimeZone::utc() : TimeZone::find(cron_job.spec().timezone());
  if (!zone) return fail(Reason::kInvalid, "unknown time zone " + cron_job.spec().timezone());
  return Timetable{std::move(schedule), *zone};
}

void note_success(const batchv1::Job& job, batchv1::CronJobStatus& status) {
  if (!job.status().has_completiontime()) return;
  const auto& completion = job.status().completiontime();
  if (!status.has_lastsuccessfultime() || from_time(completion) > from_time(status.lastsuccessfultime())) {
    *status.mutable_lastsuccessfultime() = completion;
  }
}

// The time for which this controller made the Job; none: another hand did.
std::optional<WallTime> planned_time_of(const batchv1::CronJob& cron_job, const batchv1::Job& job) {
  const auto found = job.metadata().annotations().find(kPlannedTime);
  const auto time = found == job.metadata().annotations().end() ? std::nullopt : parse_rfc3339(found->second);
  return time && job.metadata().name() == job_name(cron_job, *time) ? time : std::nullopt;
}

void note_planned(WallTime planned, batchv1::CronJobStatus& status) {
  if (!status.has_lastscheduletime() || from_time(status.lastscheduletime()) < planned)
    *status.mutable_lastscheduletime() = to_time(planned);
}

// Takes out of status.active what ended or vanished, and puts in what runs for it without being there: its write was lost.
void reconcile_active(const View& view, Plan& plan) {
  for (const std::string& uid : view.removed) unlist(plan.status, uid);
  for (const JobPtr& job : view.jobs) {
    const std::string_view condition = finished_as(*job);
    const std::string &uid = job->metadata().uid(), &name = job->metadata().name();
    const bool listed = is_listed(plan.status, uid);
    const auto planned = planned_time_of(*view.cron_job, *job);
    if (planned) note_planned(*planned, plan.status);
    if (condition.empty() && !listed && planned) *plan.status.add_active() = reference_to(*job);
    if (condition.empty() && !listed && !planned) {
      plan.notices.push_back({true, "UnexpectedJob", "Saw a job that the controller did not create or forgot: " + name});
    }
    if (!condition.empty() && listed) {
      unlist(plan.status, uid);
      plan.notices.push_back({false, "SawCompletedJob", "Saw completed job: " + name + ", condition: " + std::string(condition)});
    }
    if (condition == "Complete") note_success(*job, plan.status);
  }
  const auto active = plan.status.active();
  for (const auto& reference : active) {
    if (!view.vanished.contains(reference.uid())) continue;
    unlist(plan.status, reference.uid());
    plan.notices.push_back({false, "MissingJob", "Active job went missing: " + reference.name()});
  }
}

bool is_handled(const batchv1::CronJob& cron_job, const batchv1::CronJobStatus& status, WallTime due) {
  if (status.has_lastscheduletime() && from_time(status.lastscheduletime()) == due) return true;
  const std::string name = job_name(cron_job, due);
  return std::ranges::any_of(status.active(), [&](const auto& reference) { return reference.name() == name; });
}

// Fri, 02 Jan 2026 15:04:05 UTC
std::string format_rfc1123(WallTime time) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::string iso = format_rfc3339(time);  // 2026-01-02T15:04:05Z
  return std::string(kDays[std::chrono::weekday(day).c_encoding()]) + ", " + iso.substr(8, 2) + " " +
         kMonths[static_cast<unsigned>(date.month()) - 1] + " " + iso.substr(0, 4) + " " + iso.substr(11, 8) + " UTC";
}

void decide_start(const batchv1::CronJob& cron_job, WallTime due, WallTime now, Plan& plan) {
  const auto& spec = cron_job.spec();
  if (spec.has_startingdeadlineseconds() &&
      now - due > std::chrono::seconds(std::min<int64_t>(spec.startingdeadlineseconds(), INT32_MAX))) {
    plan.notices.push_back({true, "MissSchedule", "Missed scheduled time to start a job: " + format_rfc1123(due)});
    return;
  }
  if (is_handled(cron_job, plan.status, due)) return;
  if (spec.concurrencypolicy() == "Forbid" && plan.status.active_size() > 0) {
    plan.notices.push_back(
        {false, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid"});
    return;
  }
  if (spec.concurrencypolicy() == "Replace") plan.replace.assign(plan.status.active().begin(), plan.status.active().end());
  plan.start = due;
}

void decide_run(const View& view, WallTime now, Plan& plan) {
  const batchv1::CronJob& cron_job = *view.cron_job;
  const auto& spec = cron_job.spec();
  plan.status.clear_nextscheduletime();
  if (is_deleting(cron_job)) return;
  if (spec.has_timezone() && !time_zone_exists(spec.timezone())) {
    plan.notices.push_back(
        {true, "UnknownTimeZone", "invalid timeZone: " + go_quoted(spec.timezone()) + ": unknown time zone " + spec.timezone()});
    return;
  }
  if (spec.suspend()) return;
  if (names_zone(cron_job)) {
    plan.notices.push_back({true, "UnsupportedSchedule",
                            "CRON_TZ or TZ used in schedule " + go_quoted(spec.schedule()) +
                                " is not officially supported, see "
                                "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"});
  }
  const auto timetable = read_timetable(cron_job);
  if (!timetable) {
    plan.notices.push_back(
        {true, "UnparseableSchedule", "unparseable schedule: " + go_quoted(spec.schedule()) + " : " + timetable.error().message});
    return;
  }
  const auto due = find_due(cron_job, timetable->schedule, timetable->zone, now);
  if (!due) {
    plan.notices.push_back({true, "InvalidSchedule", "invalid schedule: " + spec.schedule() + " : " + due.error().message});
    return;
  }
  if (const auto next = find_next(cron_job, timetable->schedule, timetable->zone, now)) {
    *plan.status.mutable_nextscheduletime() = to_time(*next);
    plan.look_again = *next - now;
  }
  if (!due->time || view.rescheduled) return;
  if (due->too_many_missed) {
    plan.notices.push_back(
        {true, "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"});
  }
  decide_start(cron_job, *due->time, now, plan);
}

}  // namespace

Plan plan(const View& view, WallTime now) {
  Plan plan{.status = view.cron_job->status()};
  reconcile_active(view, plan);
  decide_run(view, now, plan);
  return plan;
}

bool is_listed(const batchv1::CronJobStatus& status, std::string_view job_uid) {
  return std::ranges::any_of(status.active(), [&](const auto& reference) { return reference.uid() == job_uid; });
}

void unlist(batchv1::CronJobStatus& status, std::string_view job_uid) {
  auto& active = *status.mutable_active();
  active.erase(std::remove_if(active.begin(), active.end(), [&](const auto& reference) { return reference.uid() == job_uid; }),
               active.end());
}

std::string job_name(const batchv1::CronJob& cron_job, WallTime time) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
  return cron_job.metadata().name() + "-" + std::to_string(minutes);
}

batchv1::Job make_job(const batchv1::CronJob& cron_job, WallTime time) {
  const auto& from = cron_job.spec().jobtemplate();
  batchv1::Job job;
  auto& metadata = *job.mutable_metadata();
  metadata.set_name(job_name(cron_job, time));
  metadata.set_namespace_(cron_job.metadata().namespace_());
  *metadata.mutable_labels() = from.metadata().labels();
  *metadata.mutable_annotations() = from.metadata().annotations();
  const TimeZone zone = TimeZone::find(cron_job.spec().timezone()).value_or(TimeZone::utc());
  (*metadata.mutable_annotations())[kPlannedTime] = format_rfc3339(time, zone);
  auto& owner = *metadata.add_ownerreferences();
  owner.set_apiversion("batch/v1");
  owner.set_kind("CronJob");
  owner.set_name(cron_job.metadata().name());
  owner.set_uid(cron_job.metadata().uid());
  owner.set_controller(true);
  owner.set_blockownerdeletion(true);
  *job.mutable_spec() = from.spec();
  return job;
}

corev1::ObjectReference reference_to(const batchv1::Job& job) {
  corev1::ObjectReference reference;
  reference.set_apiversion("batch/v1");
  reference.set_kind("Job");
  reference.set_namespace_(job.metadata().namespace_());
  reference.set_name(job.metadata().name());
  reference.set_uid(job.metadata().uid());
  reference.set_resourceversion(job.metadata().resourceversion());
  return reference;
}

}  // namespace stint::cronjob
