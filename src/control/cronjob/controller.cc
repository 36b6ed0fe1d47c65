#include "control/cronjob/controller.h"

#include "base/log.h"
#include "client/refusals.h"

namespace stint {

using namespace cronjob;
using namespace std::chrono_literals;

namespace {

constexpr WorkQueue::Options kQueueOptions{.workers = 5, .retry_base = 5ms, .retry_max = 1000s};

// Timers tick with the machine, schedules follow the wall clock. Where the two part, because somebody set the clock or the machine slept,
// every CronJob is looked at anew; this often that is asked, and less than this is what a busy loop costs.
constexpr Duration kClockCheck = 30s;
constexpr Duration kClockJumpMin = 1s;

// A Job's status changes often; only its coming, its end and its going matter here.
bool matters(const Object& old, const Object& next) {
  if (old == nullptr || next == nullptr) return true;
  const auto *before = controller_of(*old), *after = controller_of(*next);
  if ((before == nullptr) != (after == nullptr) || (before != nullptr && before->uid() != after->uid())) return true;
  return finished_as(*as<batchv1::Job>(old)) != finished_as(*as<batchv1::Job>(next));
}

bool same_timetable(const batchv1::CronJobSpec& a, const batchv1::CronJobSpec& b) {
  return a.schedule() == b.schedule() && a.has_timezone() == b.has_timezone() && a.timezone() == b.timezone();
}

}  // namespace

CronJobController::CronJobController(ControllerContext& context)
    : loop_(context.loop),
      client_(context.client),
      cron_jobs_(context.informers.of<batchv1::CronJob>()),
      jobs_(context.informers.of<batchv1::Job>()),
      recorder_(loop_, client_, "cronjob-controller"),
      creation_skew_(context.metrics
                         .histograms("cronjob_controller_job_creation_skew_duration_seconds",
                                     "Time from when a CronJob's run was due to the creation of its Job.", exponential_bounds(1, 2, 10))
                         .with({})),
      has_cron_jobs_(loop_),
      queue_(
          loop_, "cronjob", kQueueOptions, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(loop_) {
  cron_jobs_.add_handler([this](const Object& old, const Object& next) { on_cron_job(old, next); });
  jobs_.add_handler([this](const Object& old, const Object& next) { on_job(old, next); });
}

void CronJobController::start() { scope_.spawn(run()); }

Task<void> CronJobController::run() {
  co_await wait_synced({&cron_jobs_, &jobs_});
  queue_.start();
  scope_.spawn(watch_clock());
}

Task<void> CronJobController::watch_clock() {
  while (true) {
    co_await has_cron_jobs_.wait();
    const WallTime expected = loop_.now() + kClockCheck;
    co_await sleep_for(loop_, kClockCheck);
    const Duration jump = loop_.now() - expected;
    const std::vector<Object> cron_jobs = cron_jobs_.list();
    if (cron_jobs.empty()) has_cron_jobs_.reset();
    if (std::chrono::abs(jump) < kClockJumpMin) continue;
    log_info("the clock was set, or the machine slept", "jump_ms", std::chrono::duration_cast<std::chrono::milliseconds>(jump).count());
    for (const Object& cron_job : cron_jobs) queue_.add(object_key(*cron_job));
  }
}

void CronJobController::on_cron_job(const Object& old, const Object& next) {
  const auto before = as<batchv1::CronJob>(old), now = as<batchv1::CronJob>(next);
  if (before != nullptr && (now == nullptr || now->metadata().uid() != before->metadata().uid())) {
    written_.erase(before->metadata().uid());
    unseen_run_.erase(before->metadata().uid());
    rescheduled_.erase(object_key(*before));
    stale_.erase(object_key(*before));
    queue_.forget(object_key(*before));
  }
  if (now == nullptr) return;
  has_cron_jobs_.set();
  const std::string key = object_key(*now);
  if (before == nullptr || same_timetable(before->spec(), now->spec())) {
    const auto written = written_.find(now->metadata().uid());
    const bool own = written != written_.end() && written->second == now->metadata().resourceversion();
    // An own write tells nothing new; but a sync may have waited for it.
    if (!own || stale_.erase(key) > 0) queue_.add(key);
    return;
  }
  if (!CronSchedule::parse(now->spec().schedule())) {
    recorder_.warning(*now, "UnParseableCronJobSchedule", "unparseable schedule for cronjob: " + now->spec().schedule());
    return;
  }
  rescheduled_.insert(key);
  queue_.add(key);
}

void CronJobController::on_job(const Object& old, const Object& next) {
  if (!matters(old, next)) return;
  if (old != nullptr) wake_controller_of(*old);
  if (next != nullptr) wake_controller_of(*next);
}

void CronJobController::wake_controller_of(const Message& job) {
  const auto* owner = controller_of(job);
  if (owner == nullptr || owner->kind() != "CronJob") return;
  const Object cron_job = cron_jobs_.get(meta(job).namespace_(), owner->name());
  if (cron_job != nullptr && meta(*cron_job).uid() == owner->uid()) queue_.add(object_key(*cron_job));
}

bool CronJobController::shows_last_status(const batchv1::CronJob& cached) const {
  const auto written = written_.find(cached.metadata().uid());
  return written == written_.end() || revision_of(cached.metadata().resourceversion()) >= revision_of(written->second);
}

Task<Result<CronJobController::Again>> CronJobController::sync(std::string key) {
  const size_t slash = key.find('/');
  View view{.cron_job = as<batchv1::CronJob>(cron_jobs_.get(key.substr(0, slash), key.substr(slash + 1)))};
  if (view.cron_job == nullptr) co_return std::nullopt;
  if (!shows_last_status(*view.cron_job)) {
    stale_.insert(key);
    co_return std::nullopt;
  }
  for (const Object& job : jobs_.by_index(kControllerIndex, view.cron_job->metadata().uid())) view.jobs.push_back(as<batchv1::Job>(job));
  // Kept for the next try if this one fails. A change while it goes on marks the key anew, and so is not lost.
  view.rescheduled = rescheduled_.erase(key) > 0;
  const auto done = co_await act(view);
  if (!done && view.rescheduled) rescheduled_.insert(key);
  co_return done;
}

// A run of ours that is in no list yet must keep the next from starting beside it: its Job's event is late, and its entry in the status
// lost.
Task<Result<void>> CronJobController::add_unseen_run(View& view) {
  const std::string uid = view.cron_job->metadata().uid();
  const auto found = unseen_run_.find(uid);
  if (found == unseen_run_.end()) co_return Result<void>();
  const corev1::ObjectReference run = found->second;
  if (!std::ranges::any_of(view.jobs, [&](const JobPtr& job) { return job->metadata().uid() == run.uid(); })) {
    auto job = co_await get<batchv1::Job>(client_, run.namespace_(), run.name());
    if (!job && job.error().reason != Reason::kNotFound) co_return fail(job.error());
    if (job && (*job)->metadata().uid() == run.uid()) {
      view.jobs.push_back(*std::move(job));
      co_return Result<void>();
    }
  }
  unseen_run_.erase(uid);
  co_return Result<void>();
}

Task<Result<CronJobController::Again>> CronJobController::act(View& view) {
  CO_TRY_VOID(co_await add_unseen_run(view));
  co_await trim_history(view);
  CO_TRY_VOID(co_await confirm(view));

  const Plan plan = cronjob::plan(view, loop_.now());
  announce(recorder_, *view.cron_job, plan.notices);
  batchv1::CronJobStatus status = plan.status;
  Result<void> started;
  if (plan.start) {
    auto result = co_await start_run(view, plan, status);
    started = std::move(result);
  }
  // What was deleted or finished is written even if the run could not start.
  CO_TRY_VOID(co_await write_status(*view.cron_job, std::move(status)));
  if (!started) co_return fail(started.error());
  co_return plan.look_again;
}

Task<void> CronJobController::trim_history(View& view) {
  for (const JobPtr& job : find_outdated(*view.cron_job, view.jobs)) {
    if (is_deleting(*job)) continue;
    const bool deleted = co_await delete_job(*view.cron_job, reference_to(*job));
    if (deleted) view.removed.insert(job->metadata().uid());
  }
}

// Another Job that took the name meanwhile stays: the one that was meant is gone.
Task<bool> CronJobController::delete_job(const batchv1::CronJob& about, corev1::ObjectReference job) {
  const auto removed = co_await client_.remove(kind_of<batchv1::Job>(), job.namespace_(), job.name(),
                                               {.propagation = Propagation::kBackground, .uid = job.uid()});
  if (!removed && (removed.error().reason == Reason::kNotFound || removed.error().reason == Reason::kConflict)) co_return true;
  if (!removed) {
    recorder_.warning(about, "FailedDelete", "Deleted job: " + removed.error().message);
    co_return false;
  }
  recorder_.normal(about, "SuccessfulDelete", "Deleted job " + job.name());
  co_return true;
}

// Asks the server where the caches disagree: one of them may be behind.
Task<Result<void>> CronJobController::confirm(View& view) {
  const auto unlisted = [&](const JobPtr& job) {
    return finished_as(*job).empty() && !is_listed(view.cron_job->status(), job->metadata().uid());
  };
  const auto& metadata = view.cron_job->metadata();
  if (std::ranges::any_of(view.jobs, unlisted)) {
    CO_TRY(auto fresh, co_await get<batchv1::CronJob>(client_, metadata.namespace_(), metadata.name()));
    if (fresh->metadata().uid() == metadata.uid()) view.cron_job = std::move(fresh);
  }
  const std::shared_ptr<const batchv1::CronJob> cron_job = view.cron_job;
  for (const auto& reference : cron_job->status().active()) {
    if (std::ranges::any_of(view.jobs, [&](const JobPtr& job) { return job->metadata().uid() == reference.uid(); })) continue;
    const auto job = co_await get<batchv1::Job>(client_, reference.namespace_(), reference.name());
    if (job && (*job)->metadata().uid() == reference.uid()) continue;
    if (!job && job.error().reason != Reason::kNotFound) co_return fail(job.error());
    view.vanished.insert(reference.uid());
  }
  co_return Result<void>();
}

Task<Result<void>> CronJobController::start_run(const View& view, const Plan& plan, batchv1::CronJobStatus& status) {
  const batchv1::CronJob& cron_job = *view.cron_job;
  for (const auto& reference : plan.replace) {
    const auto running = co_await get<batchv1::Job>(client_, reference.namespace_(), reference.name());
    if (!running) {
      recorder_.warning(cron_job, "FailedGet", "Get job: " + running.error().message);
      co_return fail(running.error());
    }
    const bool deleted = co_await delete_job(cron_job, reference);
    if (!deleted) co_return fail(Reason::kNone, "could not replace job " + object_key(**running));
    unlist(status, reference.uid());
  }
  CO_TRY(const JobPtr job, co_await create_or_find(cron_job, *plan.start));
  if (job != nullptr) unseen_run_[cron_job.metadata().uid()] = reference_to(*job);
  if (job == nullptr || is_listed(status, job->metadata().uid())) co_return Result<void>();
  // One that was found may have ended by now, and then nothing would take it out of the list.
  if (finished_as(*job).empty()) *status.add_active() = reference_to(*job);
  *status.mutable_lastscheduletime() = to_time(*plan.start);
  co_return Result<void>();
}

// Null if the name is taken by a Job that is not this CronJob's. One that is was created before a crash, or its write to the status was
// lost.
Task<Result<JobPtr>> CronJobController::create_or_find(const batchv1::CronJob& cron_job, WallTime time) {
  const auto created = co_await create(client_, make_job(cron_job, time));
  if (created) {
    creation_skew_.observe(std::chrono::duration<double>(from_time((*created)->metadata().creationtimestamp()) - time).count());
    log_info("job created", "cronjob", object_key(cron_job), "job", (*created)->metadata().name());
    recorder_.normal(cron_job, "SuccessfulCreate", "Created job " + (*created)->metadata().name());
    co_return *created;
  }
  const Error& error = created.error();
  if (error.reason == Reason::kAlreadyExists) {
    CO_TRY(JobPtr found, co_await get<batchv1::Job>(client_, cron_job.metadata().namespace_(), job_name(cron_job, time)));
    const auto* owner = controller_of(*found);
    co_return owner != nullptr && owner->uid() == cron_job.metadata().uid() ? found : nullptr;
  }
  if (!is_namespace_terminating(error)) recorder_.warning(cron_job, "FailedCreate", "Error creating job: " + error.message);
  co_return fail(error);
}

Task<Result<void>> CronJobController::write_status(const batchv1::CronJob& cron_job, batchv1::CronJobStatus status) {
  if (cron_job.status().SerializeAsString() == status.SerializeAsString()) co_return Result<void>();
  batchv1::CronJob next = cron_job;
  *next.mutable_status() = std::move(status);
  CO_TRY(const auto written, co_await update(client_, std::move(next), "status"));
  written_[written->metadata().uid()] = written->metadata().resourceversion();
  co_return Result<void>();
}

}  // namespace stint
