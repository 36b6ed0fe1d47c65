#include "control/cronjob/forecast.h"

#include <algorithm>
#include <set>

#include "api/batch/cron_times.h"
#include "api/object.h"
#include "control/cronjob/plan.h"

namespace stint::cronjob {
namespace {

using namespace std::chrono_literals;

// Runs that come as often as this are worth a word: a Job and its pod cost more than what they then do.
constexpr Duration kOften = 1min;

struct Start {
  WallTime planned, at;
  bool meets_former = false;
};

// How the planned times went.
struct Course {
  std::vector<WallTime> planned;
  std::vector<Start> starts;
  std::set<WallTime> blocked;  // a run before was in the way
  int64_t replaced = 0, completed = 0;
  int64_t at_once_max = 0;
};

// Plays one CronJob and its Jobs against the clock; every decision is plan()'s.
class Player {
 public:
  Player(const batchv1::CronJob& cron_job, const ForecastOptions& options) : cron_job_(cron_job), options_(options) {
    cron_job_.clear_status();
    cron_job_.mutable_spec()->set_suspend(false);
    *cron_job_.mutable_metadata()->mutable_creationtimestamp() = to_time(options.from);
    const auto& job = cron_job.spec().jobtemplate().spec();
    run_time_ = options.run_time.value_or(Duration{0});
    if (!job.has_activedeadlineseconds()) return;
    const Duration deadline = span_of_seconds(job.activedeadlineseconds());
    runs_fail_ = run_time_ > deadline;
    run_time_ = std::min(run_time_, deadline);
  }

  void play(WallTime until, Course& course) {
    for (std::optional<WallTime> now = options_.from; now && *now <= until;) now = step(*now, course);
  }

 private:
  // What happens now, and when something happens next.
  std::optional<WallTime> step(WallTime now, Course& course) {
    View view{.cron_job = std::make_shared<batchv1::CronJob>(cron_job_), .jobs = take_jobs(now, course)};
    Plan plan = cronjob::plan(view, now);
    *cron_job_.mutable_status() = plan.status;
    for (const Notice& notice : plan.notices) {
      if (notice.reason == "JobAlreadyActive") course.blocked.insert(now);
    }
    for (const auto& reference : plan.replace) {
      unlist(*cron_job_.mutable_status(), reference.uid());
      std::erase_if(running_, [&](const Running& run) { return run.job->metadata().uid() == reference.uid(); });
      ++course.replaced;
    }
    if (plan.start) start(*plan.start, now, !plan.replace.empty(), course);
    std::optional<WallTime> next;
    if (plan.look_again) next = now + std::max(*plan.look_again, Duration(1s));
    for (const Running& run : running_) next = next ? std::min(*next, run.end) : run.end;
    return next;
  }

  // Those that run, and those that end now, for the last time.
  std::vector<JobPtr> take_jobs(WallTime now, Course& course) {
    std::vector<JobPtr> jobs;
    for (Running& run : running_) {
      if (run.end > now) {
        jobs.push_back(run.job);
        continue;
      }
      batchv1::Job ended = *run.job;
      auto& condition = *ended.mutable_status()->add_conditions();
      condition.set_type(runs_fail_ ? "Failed" : "Complete");
      condition.set_status("True");
      jobs.push_back(std::make_shared<batchv1::Job>(std::move(ended)));
      ++course.completed;
    }
    std::erase_if(running_, [now](const Running& run) { return run.end <= now; });
    return jobs;
  }

  void start(WallTime planned, WallTime now, bool meets_former, Course& course) {
    *cron_job_.mutable_status()->mutable_lastscheduletime() = to_time(planned);
    batchv1::Job job;
    job.mutable_metadata()->set_name(job_name(cron_job_, planned));
    if (job.metadata().name() == last_name_) return;  // the name is taken: no second Job
    last_name_ = job.metadata().name();
    job.mutable_metadata()->set_uid(last_name_);
    course.starts.push_back({planned, now, meets_former || !running_.empty()});
    *cron_job_.mutable_status()->add_active() = reference_to(job);
    running_.push_back({std::make_shared<batchv1::Job>(std::move(job)), now + run_time_});
    course.at_once_max = std::max(course.at_once_max, std::ssize(running_));
  }

  struct Running {
    JobPtr job;
    WallTime end;
  };
  batchv1::CronJob cron_job_;
  const ForecastOptions& options_;
  Duration run_time_{0};
  bool runs_fail_ = false;  // the Job's deadline ends them
  std::vector<Running> running_;
  std::string last_name_;
};

// The words for what a course holds; times as the zone's clock shows them.
class Words {
 public:
  Words(const batchv1::CronJob& cron_job, TimeZone zone, std::vector<Finding>& findings)
      : spec_(cron_job.spec()), zone_(zone), findings_(findings) {}

  void warn(std::string reason, std::string message) { findings_.push_back({true, std::move(reason), std::move(message)}); }
  void note(std::string reason, std::string message) { findings_.push_back({false, std::move(reason), std::move(message)}); }

  void tell_changes(const std::vector<CronTime>& times) {
    for (const CronTime& time : times) {
      if (!time.felt) continue;
      const std::string what = time.fate == CronTime::Fate::kSkipped ? "SkippedRun" : "RepeatedRun";
      warn(what, format_wall_time(time.wall) + ": " + note_of(time));
    }
  }

  void tell_distance(const std::vector<WallTime>& planned) {
    if (planned.size() < 2) return;
    Duration least = planned[1] - planned[0];
    for (size_t i = 2; i < planned.size(); ++i) least = std::min(least, planned[i] - planned[i - 1]);
    if (least > kOften) return;
    warn("VeryFrequent", "runs as often as every " + human_duration(least) + ": " + std::to_string(planned.size()) + " runs" +
                             (least < kOften ? ", of which each minute only the first gets a Job, since its name tells the minute" : ""));
  }

  void tell_overlaps(const Course& course) {
    const auto meets = [](const Start& start) { return start.meets_former; };
    const auto first = std::ranges::find_if(course.starts, meets);
    if (spec_.concurrencypolicy() == "Forbid") return tell_blocked(course);
    if (first == course.starts.end()) return;
    const auto met = std::ranges::count_if(course.starts, meets);
    const std::string where = " at " + shown(first->at) + " for the first time, " + of(met, course.starts.size());
    if (spec_.concurrencypolicy() == "Replace") {
      warn("Overlap", "the run before still runs" + where + ", and is killed: concurrencyPolicy is Replace" +
                          (course.completed == 0 ? "; so no run ever ends by itself" : ""));
    } else {
      warn("Overlap", "the run before still runs" + where + ", and both go on: concurrencyPolicy is Allow; up to " +
                          std::to_string(course.at_once_max) + " run at once");
    }
  }

  // What was planned and never started.
  void tell_dropped(const Course& course) {
    if (course.starts.empty() && spec_.has_startingdeadlineseconds() && spec_.startingdeadlineseconds() == 0) {
      warn("NeverStarts", "startingDeadlineSeconds is 0: a run is too late as soon as it is due, so none starts");
      return;
    }
    if (course.starts.empty() || course.blocked.empty()) return;
    std::set<WallTime> started;
    for (const Start& start : course.starts) started.insert(start.planned);
    // Of what is still blocked when the forecast ends nobody knows.
    const auto is_dropped = [&](WallTime time) { return !started.contains(time) && time < course.starts.back().planned; };
    const auto first = std::ranges::find_if(course.planned, is_dropped);
    if (first == course.planned.end()) return;
    const auto count = std::ranges::count_if(course.planned, is_dropped);
    const std::string why = spec_.has_startingdeadlineseconds()
                                ? "the run before ends after startingDeadlineSeconds, or a newer time is due by then"
                                : "a newer time is due by the end of the run before, and only the newest is made up for";
    warn("SkippedRun", "the run of " + shown(*first) + " never starts, " + of(count, course.planned.size()) + ": " + why);
  }

 private:
  std::string shown(WallTime time) const { return format_rfc3339(time, zone_); }
  static std::string of(int64_t count, size_t all) { return std::to_string(count) + " of " + std::to_string(all) + " runs"; }

  void tell_blocked(const Course& course) {
    if (course.blocked.empty()) return;
    Duration latest{0};
    int64_t late = 0;
    for (const Start& start : course.starts) {
      if (start.at > start.planned) ++late;
      latest = std::max(latest, start.at - start.planned);
    }
    std::string message = "the run before still runs at " + shown(*course.blocked.begin()) + " for the first time, " +
                          of(std::ssize(course.blocked), course.planned.size()) +
                          ", and the new one has to wait: concurrencyPolicy is Forbid";
    if (late > 0) message += "; " + std::to_string(late) + " start late, by up to " + human_duration(latest);
    warn("Overlap", std::move(message));
  }

  const batchv1::CronJobSpec& spec_;
  TimeZone zone_;
  std::vector<Finding>& findings_;
};

}  // namespace

Result<Forecast> forecast(const batchv1::CronJob& cron_job, const ForecastOptions& options) {
  const auto& spec = cron_job.spec();
  TRY(const CronSchedule schedule, CronSchedule::parse(spec.schedule()));
  const std::optional<TimeZone> zone = TimeZone::find(spec.timezone());
  if (!zone) return fail(Reason::kInvalid, "unknown time zone " + spec.timezone());
  Forecast forecast{.next = schedule.next(options.from, *zone)};
  Words words(cron_job, schedule.clock(*zone), forecast.findings);
  if (spec.suspend()) words.note("Suspended", "suspend is true: no run starts; what follows is for when it is false");
  if (!forecast.next) {
    words.warn("NeverRuns", "no date fits the schedule \"" + spec.schedule() + "\"");
    return forecast;
  }
  WallTime until = options.from + options.span;
  const std::vector<CronTime> times = coming_times(schedule, *zone, options.from, until, kForecastRunsMax);
  Course course;
  for (const CronTime& time : times) {
    if (time.fate != CronTime::Fate::kSkipped) course.planned.push_back(time.time);
  }
  if (course.planned.size() == kForecastRunsMax) {
    until = course.planned.back();
    words.note("Cut", "only the first " + std::to_string(kForecastRunsMax) + " runs were looked at, up to " +
                          format_rfc3339(until, schedule.clock(*zone)));
  }
  Player(cron_job, options).play(until, course);
  words.tell_distance(course.planned);
  words.tell_changes(times);
  words.tell_overlaps(course);
  words.tell_dropped(course);
  forecast.planned = std::ssize(course.planned);
  forecast.started = std::ssize(course.starts);
  return forecast;
}

}  // namespace stint::cronjob
