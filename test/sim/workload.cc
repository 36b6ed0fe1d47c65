#include "workload.h"

#include "control/job/pod.h"
#include "control/job/spec.h"

namespace stint::sim {
namespace {

using namespace std::chrono_literals;

void add_container(corev1::PodSpec& spec, const std::string& name) {
  auto& container = *spec.add_containers();
  container.set_name(name);
  container.set_image("busybox:1");
}

json::Members spec_patch(json::Members spec) { return {{"spec", std::move(spec)}}; }

}  // namespace

void Workload::shape_indexed(batchv1::JobSpec& spec) {
  spec.set_completionmode("Indexed");
  spec.set_completions(dice_.between(1, 6));
  if (dice_.one_in(3)) {
    spec.set_backofflimitperindex(dice_.up_to(3));
    if (dice_.one_in(2)) spec.set_maxfailedindexes(dice_.up_to(spec.completions() + 1));
  } else if (dice_.one_in(4)) {
    spec.set_parallelism(spec.completions());  // may be resized
  }
  if (!dice_.one_in(4)) return;
  auto& rule = *spec.mutable_successpolicy()->add_rules();
  rule.set_succeededcount(dice_.between(1, spec.completions()));
}

void Workload::add_policies(batchv1::JobSpec& spec) {
  if (spec.template_().spec().restartpolicy() == "Never" && dice_.one_in(4)) {
    auto& disrupted = *spec.mutable_podfailurepolicy()->add_rules();
    disrupted.set_action("Ignore");
    disrupted.add_onpodconditions()->set_type("DisruptionTarget");
    auto& rule = *spec.mutable_podfailurepolicy()->add_rules();
    rule.set_action(spec.has_backofflimitperindex() && dice_.one_in(2) ? "FailIndex" : dice_.one_in(2) ? "FailJob" : "Count");
    rule.mutable_onexitcodes()->set_operator_("In");
    rule.mutable_onexitcodes()->add_values(3);
  } else if (dice_.one_in(2)) {
    spec.set_podreplacementpolicy(dice_.one_in(2) ? "Failed" : "TerminatingOrFailed");
  }
  if (dice_.one_in(4)) spec.set_activedeadlineseconds(dice_.between(1, 300));
  if (dice_.one_in(3)) spec.set_ttlsecondsafterfinished(dice_.up_to(600));
  if (dice_.one_in(6)) spec.set_suspend(true);
}

batchv1::JobSpec Workload::make_spec() {
  batchv1::JobSpec spec;
  auto& pod = *spec.mutable_template_()->mutable_spec();
  pod.set_restartpolicy(dice_.one_in(3) ? "OnFailure" : "Never");
  pod.set_terminationgraceperiodseconds(dice_.up_to(20));
  add_container(pod, "main");
  if (dice_.one_in(5)) add_container(pod, "second");
  spec.set_parallelism(dice_.between(1, 5));
  if (dice_.one_in(2)) {
    shape_indexed(spec);
  } else if (!dice_.one_in(4)) {
    spec.set_completions(dice_.between(1, 6));
  }
  if (!spec.has_backofflimitperindex() || dice_.one_in(3)) spec.set_backofflimit(dice_.up_to(5));
  add_policies(spec);
  return spec;
}

batchv1::Job Workload::make_job(int number) {
  batchv1::Job job;
  job.mutable_metadata()->set_namespace_("default");
  job.mutable_metadata()->set_name("job-" + std::to_string(number));
  *job.mutable_spec() = make_spec();
  return job;
}

batchv1::CronJob Workload::make_cron_job(int number) {
  static constexpr const char* kPolicies[] = {"Allow", "Forbid", "Replace"};
  static constexpr const char* kSchedules[] = {"* * * * *", "*/2 * * * *", "@every 90s", "0-59/3 * * * *"};  // within Checkers::kCalm
  batchv1::CronJob cron_job;
  cron_job.mutable_metadata()->set_namespace_("default");
  cron_job.mutable_metadata()->set_name("cron-" + std::to_string(number));
  auto& spec = *cron_job.mutable_spec();
  spec.set_schedule(kSchedules[dice_.up_to(std::size(kSchedules))]);
  spec.set_concurrencypolicy(kPolicies[dice_.up_to(3)]);
  if (dice_.one_in(3)) spec.set_startingdeadlineseconds(dice_.between(10, 200));
  if (dice_.one_in(2)) spec.set_successfuljobshistorylimit(dice_.up_to(4));
  *spec.mutable_jobtemplate()->mutable_spec() = make_spec();
  spec.mutable_jobtemplate()->mutable_spec()->clear_suspend();
  return cron_job;
}

FakeOutcome Workload::outcome(const ContainerConfig&) {
  FakeOutcome outcome{.run_time = std::chrono::milliseconds(dice_.one_in(4) ? dice_.up_to(1000) : dice_.up_to(60'000))};
  if (dice_.one_in(4)) outcome.exit_code = dice_.one_in(3) ? 3 : 1;
  if (dice_.one_in(40)) outcome.start_error = "exec: not found";
  outcome.ignores_term = dice_.one_in(4);
  outcome.exit_code_on_term = dice_.one_in(3) ? 0 : 143;
  return outcome;
}

template <class T>
std::shared_ptr<const T> OtherHand::pick() {
  std::vector<Object> all;
  for (const auto& [key, object] : store_.objects())
    if (object->GetDescriptor() == T::descriptor()) all.push_back(object);
  if (all.empty()) return nullptr;
  return std::static_pointer_cast<const T>(all[static_cast<size_t>(dice_.up_to(static_cast<int>(all.size())))]);
}

void OtherHand::see(const Commit& commit) {
  if (commit.kind != &kind_of<corev1::Pod>() || commit.next == nullptr) return;
  const auto& pod = static_cast<const corev1::Pod&>(*commit.next);
  if (pod.status().phase() == "Running") running_[pod.metadata().uid()] = pod.status();
}

Task<void> OtherHand::act(Client& admin, std::function<void(const std::string& uid)> removed) {
  switch (dice_.up_to(10)) {
    case 0:
    case 1:
    case 2:
      return delete_pod(admin, std::move(removed));
    case 3:
      return delete_job(admin, std::move(removed));
    case 4:
    case 5:
      return rewrite_pod(admin);
    case 6:
      return suspend_cron_job(admin);
    default:
      return change_job(admin);
  }
}

Task<void> OtherHand::delete_pod(Client& admin, std::function<void(const std::string& uid)> removed) {
  const auto pod = pick<corev1::Pod>();
  if (pod == nullptr) co_return;
  DeleteRequest request{.uid = pod->metadata().uid()};
  if (dice_.one_in(3)) request.grace_period_seconds = 0;
  faults_.journal.add("another hand deletes pod " + pod->metadata().name());
  removed(pod->metadata().uid());
  static_cast<void>(
      co_await admin.remove(kind_of<corev1::Pod>(), pod->metadata().namespace_(), pod->metadata().name(), std::move(request)));
}

Task<void> OtherHand::delete_job(Client& admin, std::function<void(const std::string& uid)> removed) {
  static constexpr Propagation kWays[] = {Propagation::kBackground, Propagation::kForeground, Propagation::kOrphan};
  const auto job = pick<batchv1::Job>();
  if (job == nullptr) co_return;
  faults_.journal.add("another hand deletes job " + job->metadata().name());
  removed(job->metadata().uid());
  static_cast<void>(co_await admin.remove(kind_of<batchv1::Job>(), job->metadata().namespace_(), job->metadata().name(),
                                          {.propagation = kWays[dice_.up_to(3)], .uid = job->metadata().uid()}));
}

// A node's write that comes late: a pod that has ended is said to run.
Task<void> OtherHand::rewrite_pod(Client& admin) {
  const auto pod = pick<corev1::Pod>();
  if (pod == nullptr || job::is_finished(*pod)) co_return;
  const auto before = running_.find(pod->metadata().uid());
  if (before == running_.end()) co_return;
  corev1::Pod late = *pod;
  *late.mutable_status() = before->second;
  faults_.journal.add("an old status of pod " + pod->metadata().name() + " is written");
  static_cast<void>(co_await update(admin, std::move(late), "status"));
}

json::Members OtherHand::job_change(const batchv1::Job& job) {
  switch (dice_.up_to(4)) {
    case 0:
      return spec_patch({{"suspend", !job.spec().suspend()}});
    case 1:
      return spec_patch({{"ttlSecondsAfterFinished", dice_.up_to(600)}});
    case 2:
      if (job::is_indexed(job) && job.spec().completions() == job.spec().parallelism() && !job.spec().has_successpolicy()) {
        const int size = dice_.between(1, 6);
        return spec_patch({{"completions", size}, {"parallelism", size}});
      }
      [[fallthrough]];
    default:
      return spec_patch({{"parallelism", dice_.up_to(6)}});
  }
}

Task<void> OtherHand::change_job(Client& admin) {
  const auto job = pick<batchv1::Job>();
  if (job == nullptr) co_return;
  const json::Value patch = job_change(*job);
  faults_.journal.add("another hand changes job " + job->metadata().name() + ": " + json::to_text(patch));
  static_cast<void>(
      co_await admin.patch(kind_of<batchv1::Job>(), job->metadata().namespace_(), job->metadata().name(), PatchType::kMerge, patch, ""));
}

Task<void> OtherHand::suspend_cron_job(Client& admin) {
  const auto cron_job = pick<batchv1::CronJob>();
  if (cron_job == nullptr) co_return;
  const json::Value patch = spec_patch({{"suspend", !cron_job->spec().suspend()}});
  static_cast<void>(co_await admin.patch(kind_of<batchv1::CronJob>(), cron_job->metadata().namespace_(), cron_job->metadata().name(),
                                         PatchType::kMerge, patch, ""));
}

Task<void> OtherHand::let_everything_end(Client& admin) {
  std::vector<Object> all;
  for (const auto& [key, object] : store_.objects()) all.push_back(object);
  for (const Object& object : all) {
    const auto& metadata = meta(*object);
    if (object->GetDescriptor() == batchv1::CronJob::descriptor()) {
      const json::Value patch = spec_patch({{"suspend", true}});
      static_cast<void>(
          co_await admin.patch(kind_of<batchv1::CronJob>(), metadata.namespace_(), metadata.name(), PatchType::kMerge, patch, ""));
    } else if (object->GetDescriptor() == batchv1::Job::descriptor()) {
      json::Members spec{{"suspend", false}};
      if (static_cast<const batchv1::Job&>(*object).spec().parallelism() == 0) spec["parallelism"] = 1;
      const json::Value patch = spec_patch(std::move(spec));
      static_cast<void>(
          co_await admin.patch(kind_of<batchv1::Job>(), metadata.namespace_(), metadata.name(), PatchType::kMerge, patch, ""));
    }
  }
}

}  // namespace stint::sim
