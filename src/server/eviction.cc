// POST pods/x/eviction: deletes the pod if the budgets that select it allow. Source: upstream's pkg/registry/core/pod/storage/eviction.go.
#include <algorithm>

#include "api/policy/disruption_allowed.h"
#include "server/admission.h"
#include "server/errors.h"
#include "server/managed_fields.h"
#include "server/pipeline.h"

namespace stint {
namespace {

using Budget = policyv1::PodDisruptionBudget;

// Pods that were told to go and that the controller has not yet seen going.
constexpr int kDisruptedPodsMax = 2000;
constexpr int kRetryAfterSeconds = 10;

const corev1::Pod& as_pod(const Object& object) { return static_cast<const corev1::Pod&>(*object); }
const Budget& as_budget(const Object& object) { return static_cast<const Budget&>(*object); }

bool has_ended(const corev1::Pod& pod) { return pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed"; }

// A pod that does no work yet, or no more, may always go.
bool is_unguarded(const corev1::Pod& pod) { return has_ended(pod) || pod.status().phase() == "Pending" || is_deleting(pod); }

bool is_ready(const corev1::Pod& pod) {
  return std::ranges::any_of(pod.status().conditions(),
                             [](const auto& condition) { return condition.type() == "Ready" && condition.status() == "True"; });
}

DeleteRequest options_of(const metav1::DeleteOptions& options) {
  DeleteRequest remove;
  if (options.has_graceperiodseconds()) remove.grace_period_seconds = options.graceperiodseconds();
  if (options.propagationpolicy() == "Foreground") remove.propagation = Propagation::kForeground;
  if (options.propagationpolicy() == "Background") remove.propagation = Propagation::kBackground;
  if (options.propagationpolicy() == "Orphan") remove.propagation = Propagation::kOrphan;
  remove.uid = options.preconditions().uid();
  remove.resource_version = options.preconditions().resourceversion();
  return remove;
}

Error with_cause(Error error, std::string message) {
  error.causes.push_back({.reason = "DisruptionBudget", .message = std::move(message), .field = ""});
  return error;
}

Error too_many(std::string why, int retry_after_seconds) {
  Error error{.reason = Reason::kTooManyRequests,
              .message = "Cannot evict pod as it would violate the pod's disruption budget.",
              .retry_after_seconds = retry_after_seconds};
  return with_cause(std::move(error), std::move(why));
}

Error still_processed(const std::string& budget) {
  return too_many("The disruption budget " + budget + " is still being processed by the server.", kRetryAfterSeconds);
}

Error refused(const std::string& budget, const std::string& why, const std::string& cause) {
  Error error{.reason = Reason::kForbidden, .name = budget, .group = "policy", .kind = "poddisruptionbudget"};
  error.message = "poddisruptionbudget.policy " + quote(budget) + " is forbidden: " + why;
  return with_cause(std::move(error), "The disruption budget " + budget + " does not allow evicting pods currently: " + cause);
}

// Why no pod may go just now.
std::string exhausted_text(const Budget& budget) {
  const policyv1::PodDisruptionBudgetStatus& status = budget.status();
  const metav1::Condition* said = nullptr;
  for (const metav1::Condition& one : status.conditions()) {
    if (one.type() == policy::kDisruptionAllowed && one.status() == "False" && !one.message().empty()) said = &one;
  }
  const std::string about = "The disruption budget " + budget.metadata().name();
  if (said != nullptr && said->reason() == policy::kSyncFailed) {
    return about + " does not allow evicting pods currently because it failed sync: " + said->message();
  }
  if (status.currenthealthy() <= status.desiredhealthy()) {
    return about + " needs " + std::to_string(status.desiredhealthy()) + " healthy pods and has " +
           std::to_string(status.currenthealthy()) + " currently";
  }
  if (said != nullptr) return about + " does not allow evicting pods currently (" + said->reason() + "): " + said->message();
  return about + " does not allow evicting pods currently";
}

Result<void> check_budget(const Budget& budget) {
  const policyv1::PodDisruptionBudgetStatus& status = budget.status();
  const std::string& name = budget.metadata().name();
  if (status.observedgeneration() < budget.metadata().generation()) return fail(still_processed(name));
  if (status.disruptionsallowed() < 0) {
    return fail(refused(name, "pdb disruptions allowed is negative", "pdb disruptions allowed is negative"));
  }
  if (static_cast<int>(status.disruptedpods().size()) > kDisruptedPodsMax) {
    return fail(refused(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
                        "too many pending evictions not confirmed by PDB controller"));
  }
  if (status.disruptionsallowed() == 0) return fail(too_many(exhausted_text(budget), 0));
  return {};
}

// A pod that is not ready is no loss, if the budget says so or enough others are.
bool may_go_unready(const Budget& budget) {
  const policyv1::PodDisruptionBudgetStatus& status = budget.status();
  if (budget.spec().unhealthypodevictionpolicy() == "AlwaysAllow") return true;
  return status.currenthealthy() >= status.desiredhealthy() && status.desiredhealthy() > 0;
}

Result<std::vector<Object>> budgets_of(Core& core, const corev1::Pod& pod) {
  TRY(std::vector<Object> budgets, core.registry.all(kind_of<Budget>(), pod.metadata().namespace_()));
  std::erase_if(budgets, [&](const Object& object) {
    if (!as_budget(object).spec().has_selector()) return true;
    const auto selector = LabelSelector::from(as_budget(object).spec().selector());
    return !selector || !selector->matches(pod.metadata().labels());
  });
  return budgets;
}

// Takes one disruption from the budget, and notes the pod there until the controller sees it going.
Task<Result<void>> take_disruption(Core& core, Object budget, std::string pod, bool dry_run) {
  const Kind& budgets = kind_of<Budget>();
  const std::string ns = meta(*budget).namespace_(), name = meta(*budget).name();
  const auto hold = co_await core.registry.lock(budgets, ns, name);
  CO_TRY(Stored current, core.registry.get(budgets, ns, name));
  CO_TRY_VOID(check_budget(as_budget(current.object)));
  if (dry_run) co_return Result<void>();
  auto next = std::make_unique<Budget>(as_budget(current.object));
  policyv1::PodDisruptionBudgetStatus& status = *next->mutable_status();
  status.set_disruptionsallowed(status.disruptionsallowed() - 1);
  if (status.disruptionsallowed() == 0) policy::set_disruption_allowed(status, core.loop.now());
  (*status.mutable_disruptedpods())[pod] = to_time(core.loop.now());
  track_own_status(budgets, *current.object, *next, core.loop.now());
  CO_TRY_VOID(co_await core.registry.replace(budgets, std::move(current), std::move(next), false));
  co_return Result<void>();
}

void set_target(corev1::PodStatus& status, WallTime now) {
  corev1::PodCondition* condition = nullptr;
  for (corev1::PodCondition& one : *status.mutable_conditions()) {
    if (one.type() == "DisruptionTarget") condition = &one;
  }
  if (condition == nullptr) {
    condition = status.add_conditions();
    condition->set_type("DisruptionTarget");
  }
  if (condition->status() != "True") *condition->mutable_lasttransitiontime() = to_time(now);
  condition->set_status("True");
  condition->set_reason("EvictionByEvictionAPI");
  condition->set_message("Eviction API: evicting");
}

Error changed(const std::string& name, const std::string& why) {
  return {.reason = Reason::kConflict,
          .message = "Operation cannot be fulfilled on Pod " + quote(name) + ": " + why,
          .name = name,
          .group = "",
          .kind = "Pod"};
}

Result<void> check_preconditions(const corev1::Pod& pod, const DeleteRequest& options) {
  const metav1::ObjectMeta& is = pod.metadata();
  if (!options.uid.empty() && options.uid != is.uid()) {
    return fail(changed(is.name(), "the UID in the precondition (" + options.uid + ") does not match the UID in record (" + is.uid() +
                                       "). The object might have been deleted and then recreated"));
  }
  if (!options.resource_version.empty() && options.resource_version != is.resourceversion()) {
    return fail(changed(is.name(), "the ResourceVersion in the precondition (" + options.resource_version +
                                       ") does not match the ResourceVersion in record (" + is.resourceversion() +
                                       "). The object might have been modified"));
  }
  return {};
}

// Says on the pod why it goes, and gives the version that it has then.
Task<Result<std::string>> mark(Core& core, const Request& request, DeleteRequest options) {
  const auto hold = co_await core.registry.lock(*request.kind, request.ns, request.name);
  CO_TRY(Stored current, core.registry.get(*request.kind, request.ns, request.name));
  CO_TRY_VOID(check_preconditions(as_pod(current.object), options));
  auto next = std::make_unique<corev1::Pod>(as_pod(current.object));
  set_target(*next->mutable_status(), core.loop.now());
  CO_TRY(Object marked, co_await core.registry.replace(*request.kind, std::move(current), std::move(next), false));
  co_return meta(*marked).resourceversion();
}

Task<Result<void>> mark_and_delete(Core& core, const Request& request, DeleteRequest options) {
  if (!request.dry_run) {
    CO_TRY(std::string version, co_await mark(core, request, options));
    if (!options.resource_version.empty()) options.resource_version = version;
  }
  Request removal{.user = request.user, .verb = Verb::kDelete, .kind = request.kind, .ns = request.ns, .name = request.name};
  removal.remove = std::move(options);
  removal.dry_run = request.dry_run;
  CO_TRY_VOID(co_await delete_object(core, std::move(removal)));
  co_return Result<void>();
}

// True: the pod was unguarded and is gone. A pod that begins its work meanwhile is not.
Task<Result<bool>> delete_unguarded(Core& core, const Request& request, DeleteRequest options) {
  const bool may_retry = options.resource_version.empty();
  auto pause = kConflictPause;
  for (int attempt = 0;; ++attempt) {
    CO_TRY(Stored current, core.registry.get(*request.kind, request.ns, request.name));
    const corev1::Pod& pod = as_pod(current.object);
    if (!is_unguarded(pod)) co_return false;
    DeleteRequest exact = options;
    if (may_retry && !has_ended(pod) && !is_deleting(pod)) exact.resource_version = pod.metadata().resourceversion();
    const auto deleted = co_await mark_and_delete(core, request, std::move(exact));
    if (deleted) co_return true;
    if (!may_retry || deleted.error().reason != Reason::kConflict || attempt == kConflictRetriesMax) co_return fail(deleted.error());
    co_await sleep_for(core.loop, pause);
    pause *= 2;
  }
}

Task<Result<void>> delete_guarded(Core& core, const Request& request, DeleteRequest options) {
  CO_TRY(Stored current, core.registry.get(*request.kind, request.ns, request.name));
  const corev1::Pod& pod = as_pod(current.object);
  CO_TRY(const std::vector<Object> budgets, budgets_of(core, pod));
  if (budgets.size() > 1) {
    co_return fail(
        Error{.message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", .code = 500});
  }
  const bool chose_version = !options.resource_version.empty();
  bool unready = false;
  if (!budgets.empty()) {
    unready = !is_ready(pod) && may_go_unready(as_budget(budgets.front()));
    if (unready) {
      options.resource_version = pod.metadata().resourceversion();
    } else {
      CO_TRY_VOID(co_await take_disruption(core, budgets.front(), request.name, request.dry_run));
    }
  }
  auto deleted = co_await mark_and_delete(core, request, std::move(options));
  // It may have become ready since: the client asks again.
  if (!deleted && deleted.error().reason == Reason::kConflict && unready && !chose_version) {
    co_return fail(still_processed(meta(*budgets.front()).name()));
  }
  co_return deleted;
}

}  // namespace

Task<Result<Answer>> evict_pod(Core& core, Request request) {
  Answer answer{.code = 201, .kind = request.kind, .is_status = true};
  CO_TRY_VOID(check_body(request, answer.warnings));
  if (request.body.message->GetDescriptor() != policyv1::Eviction::descriptor())
    co_return fail(Reason::kBadRequest, "not a Eviction object");
  const auto& eviction = static_cast<const policyv1::Eviction&>(*request.body.message);
  if (eviction.metadata().name() != request.name) {
    co_return fail(Reason::kBadRequest, "name in URL does not match name in Eviction object");
  }
  CO_TRY_VOID(
      restrict_node({.core = core, .request = request, .verb = Verb::kCreate, .object = request.body.message.get(), .old = nullptr}));
  request.dry_run = request.dry_run || !eviction.deleteoptions().dryrun().empty();
  const DeleteRequest options = options_of(eviction.deleteoptions());
  CO_TRY(const bool gone, co_await delete_unguarded(core, request, options));
  if (!gone) CO_TRY_VOID(co_await delete_guarded(core, request, options));
  co_return answer;
}

}  // namespace stint
