#include "control/job/controller.h"

#include "base/log.h"
#include "control/job/claim.h"
#include "control/job/spec.h"

namespace stint {

using namespace job;
using namespace std::chrono_literals;

namespace {

// Syncs wait for the store, not for the processor, and its commits are grouped: many at once are faster than few.
constexpr WorkQueue::Options kQueueOptions{.workers = 32, .retry_base = 1s, .retry_max = 60s};

// A sync writes the Job's status twice, however many pods it counts. A small Job is synced at once; a bigger one is left in peace after a
// sync for a time that grows with its live pods, so that a sync counts many. (Upstream always waits a second.)
constexpr size_t kSmallJobPods = 10;
constexpr Duration kQuietPerPod = 20us;
constexpr Duration kQuietMax = 100ms;
// A pod that goes on living changes nothing but numbers in the status. Most short pods end meanwhile, which costs a sync and a write less.
constexpr Duration kLivingPodDelay = 100ms;

Duration quiet_after_sync(const View& view) {
  const size_t live = static_cast<size_t>(view.sums.active) + view.settling.size();
  return live <= kSmallJobPods ? Duration{0} : std::min<Duration>(kQuietMax, kQuietPerPod * live);
}

bool same_status(const batchv1::JobStatus& a, const batchv1::JobStatus& b) { return a.SerializeAsString() == b.SerializeAsString(); }

bool same_owner(const Message& a, const Message& b) {
  const auto *owner_a = controller_of(a), *owner_b = controller_of(b);
  return (owner_a == nullptr ? "" : owner_a->uid()) == (owner_b == nullptr ? "" : owner_b->uid());
}

bool same_labels(const metav1::ObjectMeta& a, const metav1::ObjectMeta& b) {
  const auto &labels_a = a.labels(), &labels_b = b.labels();
  return labels_a.size() == labels_b.size() && std::ranges::all_of(labels_a, [&](const auto& label) {
           const auto found = labels_b.find(label.first);
           return found != labels_b.end() && found->second == label.second;
         });
}

}  // namespace

JobController::JobController(ControllerContext& context)
    : loop_(context.loop),
      client_(context.client),
      jobs_(context.informers.of<batchv1::Job>()),
      pods_(context.informers.of<corev1::Pod>()),
      recorder_(loop_, client_, "job-controller"),
      metrics_(context.metrics),
      writes_(loop_, client_, recorder_, own_),
      queue_(
          loop_, "job", kQueueOptions, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      orphans_(loop_, client_, jobs_, pods_, context.metrics),
      scope_(loop_) {
  pods_.add_index(std::string(kOwnerlessIndex), ownerless_index);
  jobs_.add_handler([this](const Object& old, const Object& next) { on_job(old, next); });
  pods_.add_handler([this](const Object& old, const Object& next) { on_pod(old, next); });
}

void JobController::start() { scope_.spawn(run()); }

Task<void> JobController::run() {
  co_await wait_synced({&jobs_, &pods_});
  queue_.start();
  orphans_.start();
}

void JobController::on_job(const Object& old, const Object& next) {
  const auto before = as<batchv1::Job>(old), now = as<batchv1::Job>(next);
  if (before != nullptr && (now == nullptr || now->metadata().uid() != before->metadata().uid())) job_gone(*before);
  if (now == nullptr) return;
  if (before == nullptr) metrics_.saw_new_job(*now);
  const std::string key = object_key(*now);
  // No pod should hold its finalizer by now; one might that came late.
  if (is_finished(*now)) {
    known_.erase(now->metadata().uid());
    orphans_.add_pods_of(*now);
  } else if (!is_managed_elsewhere(*now)) {
    know(now)->ledger.follow(now);
  }
  const bool asked_anew = before == nullptr || before->metadata().generation() != now->metadata().generation();
  const bool awaited = stale_.erase(key) > 0;
  if (asked_anew || awaited) {
    queue_.add(key);
  } else if (!own_.is_last_status(*now)) {
    wake(key);
  }
}

JobController::KnownPtr JobController::know(const JobPtr& job_seen) {
  const batchv1::Job& job = *job_seen;
  KnownPtr& known = known_[job.metadata().uid()];
  if (known != nullptr) return known;
  const std::string& ns = job.metadata().namespace_();
  known = std::make_shared<Known>(Known{ns, object_key(job), LabelSelector::from(job.spec().selector()), PodLedger(job_seen), {}});
  for (const Object& pod : pods_.by_index(kControllerIndex, job.metadata().uid())) note_pod(*known, job, as<corev1::Pod>(pod));
  for (const Object& pod : pods_.by_index(kOwnerlessIndex, ns)) note_pod(*known, job, as<corev1::Pod>(pod));
  return known;
}

void JobController::note_pod(Known& known, const batchv1::Job& job, const PodPtr& pod) {
  const Claim claim = known.selector ? judge_claim(job, *known.selector, *pod) : Claim::kNone;
  if (claim == Claim::kOurs) {
    known.ledger.put(own_.apply(pod, loop_.now()));
  } else {
    known.ledger.erase(pod->metadata().uid());
  }
  if (claim == Claim::kAdopt || claim == Claim::kRelease) {
    known.to_claim.insert(object_key(*pod));
  } else {
    known.to_claim.erase(object_key(*pod));
  }
}

void JobController::note_again(Known& known, const batchv1::Job& job, const Pods& pods) {
  for (const PodPtr& pod : pods) {
    const auto cached = as<corev1::Pod>(pods_.get(pod->metadata().namespace_(), pod->metadata().name()));
    if (cached != nullptr && cached->metadata().uid() == pod->metadata().uid()) {
      note_pod(known, job, cached);
    } else {
      known.ledger.erase(pod->metadata().uid());
    }
  }
}

void JobController::job_gone(const batchv1::Job& job) {
  known_.erase(job.metadata().uid());
  own_.forget_job(job.metadata().uid());
  back_off_.erase(job.metadata().uid());
  const std::string key = object_key(job);
  quiet_until_.erase(key);
  stale_.erase(key);
  queue_.forget(key);
  orphans_.add_pods_of(job);
}

void JobController::on_pod(const Object& old, const Object& next) {
  const auto pod = as<corev1::Pod>(next != nullptr ? next : old);
  own_.observe(*pod, next == nullptr);
  metrics_.saw_pod(static_cast<const corev1::Pod*>(old.get()), static_cast<const corev1::Pod*>(next.get()));
  const auto* former_owner = old == nullptr ? nullptr : controller_of(*old);
  if (const auto former = former_owner == nullptr ? known_.end() : known_.find(former_owner->uid()); former != known_.end())
    former->second->ledger.erase(pod->metadata().uid());
  const bool changed_owner = old != nullptr && next != nullptr && !same_owner(*old, *next);
  if (changed_owner) {
    if (const JobPtr former = find_job(jobs_, *as<corev1::Pod>(old))) wake(object_key(*former));
  }
  const auto* owner = controller_of(*pod);
  if (owner == nullptr) {
    if (next == nullptr) return;
    orphans_.add(*pod);
    if (old == nullptr || changed_owner || !same_labels(meta(*old), meta(*next))) wake_possible_owners(*pod);
    return;
  }
  if (old == nullptr) own_.created_seen(owner->uid());
  const JobPtr job = find_job(jobs_, *pod);
  if ((job == nullptr || is_finished(*job)) && next != nullptr && is_deleting(*pod)) orphans_.add(*pod);
  if (job == nullptr || is_finished(*job)) return;
  if (const auto known = known_.find(owner->uid()); known != known_.end() && next != nullptr) note_pod(*known->second, *job, pod);
  const bool goes_on = old != nullptr && next != nullptr && !changed_owner && same_labels(meta(*old), meta(*next)) &&
                       is_active(static_cast<const corev1::Pod&>(*old)) && is_active(*pod);
  wake(object_key(*job), goes_on ? kLivingPodDelay : Duration{0});
}

void JobController::wake_possible_owners(const corev1::Pod& pod) {
  if (pod.metadata().labels().empty()) return;
  for (const auto& [uid, known] : known_) {
    const auto& selector = known->selector;
    if (known->ns != pod.metadata().namespace_() || !selector || selector->empty() || !selector->matches(pod.metadata().labels())) continue;
    known->to_claim.insert(object_key(pod));
    wake(known->key);
  }
}

void JobController::wake(const std::string& key, Duration delay) {
  const auto quiet = quiet_until_.find(key);
  const Duration rest = quiet == quiet_until_.end() ? Duration{0} : quiet->second - loop_.steady_now();
  queue_.add_after(key, std::max(delay, rest));
}

Task<Result<JobController::Again>> JobController::sync(std::string key) {
  const size_t slash = key.find('/');
  const auto job = as<batchv1::Job>(jobs_.get(key.substr(0, slash), key.substr(slash + 1)));
  if (job == nullptr || is_managed_elsewhere(*job) || is_finished(*job)) co_return std::nullopt;
  if (!own_.shows_status(*job)) {
    stale_.insert(key);
    metrics_.skipped_stale();
    co_return std::nullopt;
  }
  const std::string& mode = job->spec().completionmode();
  if (!mode.empty() && mode != "NonIndexed" && mode != "Indexed") {
    recorder_.warning(*job, "UnknownCompletionMode", "Skipped Job sync because completion mode is unknown");
    co_return std::nullopt;
  }
  const Duration started = loop_.steady_now();
  auto action = JobMetrics::Action::kReconciling;
  const auto again = co_await reconcile(job, action);
  metrics_.synced(*job, action, again.has_value(), loop_.steady_now() - started);
  co_return again;
}

Task<Result<JobController::Again>> JobController::reconcile(JobPtr job, JobMetrics::Action& action) {
  const std::string& uid = job->metadata().uid();
  // Before the pods are read: one that arrives in between must not count as seen.
  const bool all_created_seen = own_.all_created_seen(uid, loop_.steady_now());
  const KnownPtr known = know(job);
  CO_TRY_VOID(co_await claim_pods(job, known));

  View view = known->ledger.look(job);
  view.all_created_seen = all_created_seen;
  if (const auto record = back_off_.find(uid); record != back_off_.end()) view.back_off = record->second;
  const Plan plan = job::plan(view, loop_.now());
  log_debug("job planned", "job", object_key(*job), "create", plan.create.size(), "discard", plan.discard.size(), "kill", plan.kill.size());
  action = JobMetrics::action_of(*job, plan);
  const Acted acted = co_await act(job, plan);
  note_again(*known, *job, plan.kill.empty() ? plan.discard : plan.kill);
  const Settlement settlement = settle(view, plan, acted.outcome, loop_.now());
  const auto tracked = co_await track(view, plan, settlement);
  note_again(*known, *job, settlement.release);
  quiet_until_[object_key(*job)] = loop_.steady_now() + quiet_after_sync(view);
  if (!tracked) co_return fail(tracked.error());
  if (acted.error) co_return fail(*acted.error);
  if (!all_created_seen && !plan.look_again) co_return kCreationSeenLimit;
  co_return plan.look_again;
}

// Few, mostly none: pods that change hands.
Task<Result<void>> JobController::claim_pods(JobPtr job, KnownPtr known) {
  if (!known->selector) co_return fail(known->selector.error());
  std::optional<Result<void>> may_adopt;  // asked once, when first needed
  std::optional<Error> error;
  const std::set<std::string> keys = known->to_claim;
  for (const std::string& key : keys) {
    const size_t slash = key.find('/');
    const auto pod = as<corev1::Pod>(pods_.get(key.substr(0, slash), key.substr(slash + 1)));
    if (pod == nullptr) {
      known->to_claim.erase(key);
      continue;
    }
    const auto claimed = co_await claim_pod(job, known, pod, may_adopt);
    if (!claimed && claimed.error().reason != Reason::kNotFound && !error) error = claimed.error();
  }
  if (error) co_return fail(*std::move(error));
  co_return Result<void>();
}

Task<Result<void>> JobController::claim_pod(JobPtr job, KnownPtr known, PodPtr pod, std::optional<Result<void>>& may_adopt) {
  const Claim claim = judge_claim(*job, *known->selector, *pod);
  if (claim == Claim::kRelease) co_return co_await disown(job, pod);
  if (claim != Claim::kAdopt) {
    note_pod(*known, *job, pod);
    co_return Result<void>();
  }
  CO_TRY_VOID(co_await adopt(job, pod, may_adopt));
  // The cache may show it already; where it does not, the pod is taken as it will be.
  const auto cached = as<corev1::Pod>(pods_.get(pod->metadata().namespace_(), pod->metadata().name()));
  if (cached == nullptr || judge_claim(*job, *known->selector, *cached) != Claim::kAdopt) co_return Result<void>();
  auto adopted = std::make_shared<corev1::Pod>(*cached);
  if (!has_tracking_finalizer(*adopted)) adopted->mutable_metadata()->add_finalizers(std::string(kTrackingFinalizer));
  known->ledger.put(own_.apply(std::move(adopted), loop_.now()));
  co_return Result<void>();
}

Task<Result<void>> JobController::adopt(JobPtr job, PodPtr pod, std::optional<Result<void>>& may_adopt) {
  if (!may_adopt) {
    auto allowed = co_await check_may_adopt(job);
    may_adopt = std::move(allowed);
  }
  if (!*may_adopt) {
    Error error = may_adopt->error();
    error.message = "can't adopt Pod " + object_key(*pod) + " (" + pod->metadata().uid() + "): " + error.message;
    error.reason = Reason::kNone;
    co_return fail(std::move(error));
  }
  CO_TRY_VOID(co_await client_.patch(kind_of<corev1::Pod>(), pod->metadata().namespace_(), pod->metadata().name(), PatchType::kStrategic,
                                     adopt_patch(*job, *pod), ""));
  co_return Result<void>();
}

// The cache may be behind: a Job that is deleted, or another one of that name, must not take pods.
Task<Result<void>> JobController::check_may_adopt(JobPtr job) {
  CO_TRY(const auto fresh, co_await get<batchv1::Job>(client_, job->metadata().namespace_(), job->metadata().name()));
  const std::string key = object_key(*job);
  if (fresh->metadata().uid() != job->metadata().uid()) {
    co_return fail(Reason::kNone,
                   "original Job " + key + " is gone: got uid " + fresh->metadata().uid() + ", wanted " + job->metadata().uid());
  }
  if (is_deleting(*fresh)) {
    co_return fail(Reason::kNone, key + " has just been deleted at " + format_rfc3339(from_time(fresh->metadata().deletiontimestamp())));
  }
  co_return Result<void>();
}

Task<Result<void>> JobController::disown(JobPtr job, PodPtr pod) {
  const auto patched = co_await client_.patch(kind_of<corev1::Pod>(), pod->metadata().namespace_(), pod->metadata().name(),
                                              PatchType::kStrategic, release_patch(*job, *pod), "");
  // Invalid: the pod has no such owner any more, or is another pod by now.
  if (!patched && patched.error().reason != Reason::kNotFound && patched.error().reason != Reason::kInvalid)
    co_return fail(patched.error());
  co_return Result<void>();
}

Task<JobController::Acted> JobController::act(JobPtr job, const Plan& plan) {
  Acted acted;
  if (!plan.kill.empty() || !plan.discard.empty()) {
    const bool release_first = plan.kill.empty();
    PodWrites::Done removed = co_await writes_.remove(job, release_first ? plan.discard : plan.kill, release_first);
    acted.outcome.removed = removed.count;
    acted.outcome.removed_ready = removed.ready;
    acted.error = std::move(removed.error);
  } else if (!plan.create.empty()) {
    PodWrites::Done created = co_await writes_.create(job, plan.create);
    acted.outcome.created = created.count;
    metrics_.created_pods(*job, plan.tally, created.count, created.refused);
    acted.error = std::move(created.error);
  }
  co_return acted;
}

Task<Result<void>> JobController::track(const View& view, const Plan& plan, const Settlement& settlement) {
  CO_TRY(JobPtr written, co_await write_status(view.job, settlement.status));
  announce(recorder_, *view.job, settlement.notices);
  metrics_.settled(*view.job, settlement.release);
  const std::string uid = view.job->metadata().uid();
  remember_back_off(uid, plan.tally.back_off);

  auto held = uids_with_finalizer(view, plan);
  const PodWrites::Done released = co_await writes_.release(settlement.release, held);
  if (released.error) {  // what did succeed is counted, and the rest is tried again
    batchv1::JobStatus status = written->status();
    count_released(status, held);
    CO_TRY_VOID(co_await write_status(written, std::move(status)));
    co_return fail(*released.error);
  }
  const Conclusion conclusion = conclude(*view.job, settlement, written->status(), held, loop_.now());
  CO_TRY_VOID(co_await write_status(written, conclusion.status));
  announce(recorder_, *view.job, conclusion.notices);
  if (!conclusion.finished) co_return Result<void>();
  metrics_.finished(*view.job, *settlement.verdict);
  log_info("job finished", "job", object_key(*view.job), "condition", is_success(*settlement.verdict) ? kComplete : kFailed, "reason",
           settlement.verdict->reason());
  back_off_.erase(uid);
  quiet_until_.erase(object_key(*view.job));
  queue_.forget(object_key(*view.job));
  co_return Result<void>();
}

Task<Result<JobPtr>> JobController::write_status(JobPtr job, batchv1::JobStatus status) {
  if (same_status(job->status(), status)) co_return job;
  batchv1::Job next = *job;
  *next.mutable_status() = std::move(status);
  CO_TRY(JobPtr written, co_await update(client_, std::move(next), "status"));
  own_.wrote_status(written->metadata().uid(), written->metadata().resourceversion());
  metrics_.wrote_status(*job, written->status());
  co_return written;
}

void JobController::remember_back_off(const std::string& job_uid, const BackOffRecord& record) {
  if (record.failures == 0) {
    back_off_.erase(job_uid);
  } else {
    back_off_[job_uid] = record;
  }
}

}  // namespace stint
