#include "planted_client.h"

#include <set>

#include "control/cronjob/plan.h"
#include "control/job/claim.h"
#include "control/job/spec.h"

namespace stint::sim {
namespace {

bool drops_finalizer(const json::Value& patch) { return patch == job::drop_finalizer_patch(); }

class PlantedClient final : public Client {
 public:
  PlantedClient(Plant plant, std::unique_ptr<Client> inner) : plant_(plant), inner_(std::move(inner)) {}

  Task<Result<Object>> get(const Kind& kind, std::string ns, std::string name) override {
    return inner_->get(kind, std::move(ns), std::move(name));
  }
  Task<Result<ObjectList>> list(const Kind& kind, std::string ns, ListOptions options) override {
    return inner_->list(kind, std::move(ns), std::move(options));
  }
  Task<Result<std::unique_ptr<ObjectWatch>>> watch(const Kind& kind, std::string ns, std::string version, ListOptions options) override {
    return inner_->watch(kind, std::move(ns), std::move(version), std::move(options));
  }
  Task<Result<Object>> create(const Kind& kind, std::string ns, std::unique_ptr<Message> object) override {
    const bool is_run = &kind == &kind_of<batchv1::Job>();
    if (is_run && plant_ == Plant::kLostRun) co_return Object(std::move(object));
    const bool twice = (plant_ == Plant::kSecondPod && &kind == &kind_of<corev1::Pod>()) ||
                       (is_run && (plant_ == Plant::kSecondRun || plant_ == Plant::kOverlap));
    if (!twice) co_return co_await inner_->create(kind, std::move(ns), std::move(object));
    std::unique_ptr<Message> copy(object->New());
    copy->CopyFrom(*object);
    if (is_run) mutable_meta(*copy).set_name(meta(*copy).name() + "-again");
    if (plant_ == Plant::kOverlap) mutable_meta(*copy).mutable_annotations()->erase(cronjob::kPlannedTime);
    auto made = co_await inner_->create(kind, ns, std::move(object));
    static_cast<void>(co_await inner_->create(kind, std::move(ns), std::move(copy)));
    co_return made;
  }
  Task<Result<Object>> update(const Kind& kind, std::unique_ptr<Message> object, std::string subresource) override {
    if (&kind == &kind_of<batchv1::Job>() && subresource == "status") co_await spoil(static_cast<batchv1::Job&>(*object));
    co_return co_await inner_->update(kind, std::move(object), std::move(subresource));
  }
  Task<Result<Object>> patch(const Kind& kind, std::string ns, std::string name, PatchType type, json::Value patch,
                             std::string subresource) override {
    if (plant_ == Plant::kLostFinalizer && drops_finalizer(patch)) return inner_->get(kind, std::move(ns), std::move(name));
    return inner_->patch(kind, std::move(ns), std::move(name), type, std::move(patch), std::move(subresource));
  }
  Task<Result<Object>> remove(const Kind& kind, std::string ns, std::string name, DeleteRequest options) override {
    return inner_->remove(kind, std::move(ns), std::move(name), std::move(options));
  }
  Task<Result<Object>> create_subresource(const Kind& kind, std::string ns, std::string name, std::string subresource,
                                          std::unique_ptr<Message> body) override {
    return inner_->create_subresource(kind, std::move(ns), std::move(name), std::move(subresource), std::move(body));
  }
  Task<Result<void>> bind_pod(std::string ns, std::string pod, std::string pod_uid, std::string node) override {
    return inner_->bind_pod(std::move(ns), std::move(pod), std::move(pod_uid), std::move(node));
  }
  Task<Result<Object>> finalize_namespace(std::unique_ptr<corev1::Namespace> object) override {
    return inner_->finalize_namespace(std::move(object));
  }

 private:
  Task<void> spoil(batchv1::Job& job) {
    auto& status = *job.mutable_status();
    switch (plant_) {
      case Plant::kDoubleCount:
        if (status.failed() > 0 && spoilt_.insert(job.metadata().uid()).second) status.set_failed(status.failed() + 1);
        break;
      case Plant::kEarlyRelease:
        co_await release_early(job);
        break;
      case Plant::kEarlyCondition:
        complete_early(status);
        break;
      case Plant::kForgottenIndex:
        if (status.succeeded() > 1 && job::is_indexed(job) && spoilt_.insert(job.metadata().uid()).second) status.clear_completedindexes();
        break;
      default:
        break;
    }
  }

  // As if the finalizer went first: a crash before this write loses the pod.
  Task<void> release_early(const batchv1::Job& job) {
    const auto& failed = job.status().uncountedterminatedpods().failed();
    if (failed.empty()) co_return;
    auto pods = co_await inner_->list(kind_of<corev1::Pod>(), job.metadata().namespace_(), {});
    if (!pods) co_return;
    for (const Object& pod : pods->items) {
      if (std::ranges::find(failed, meta(*pod).uid()) == failed.end()) continue;
      static_cast<void>(co_await inner_->patch(kind_of<corev1::Pod>(), meta(*pod).namespace_(), meta(*pod).name(), PatchType::kStrategic,
                                               job::drop_finalizer_patch(), ""));
    }
  }

  static void complete_early(batchv1::JobStatus& status) {
    const auto& uncounted = status.uncountedterminatedpods();
    const bool waits = uncounted.succeeded_size() + uncounted.failed_size() > 0;
    if (waits || status.active() == 0 || status.succeeded() == 0 || status.conditions_size() > 0) return;
    for (const std::string_view type : {job::kSuccessCriteriaMet, job::kComplete})
      *status.add_conditions() = job::make_condition(type, true, "CompletionsReached", "", from_time(status.starttime()));
    *status.mutable_completiontime() = status.starttime();
    status.clear_active();
    status.set_ready(0);
    status.set_terminating(0);
    status.clear_uncountedterminatedpods();
  }

  const Plant plant_;
  std::unique_ptr<Client> inner_;
  std::set<std::string> spoilt_;  // uids of Jobs
};

}  // namespace

std::unique_ptr<Client> make_planted_client(Plant plant, std::unique_ptr<Client> inner) {
  return std::make_unique<PlantedClient>(plant, std::move(inner));
}

}  // namespace stint::sim
