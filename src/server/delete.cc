// DELETE of one object: admit → read → preconditions → plan → persist, again when somebody else wrote in between.
#include "server/admission.h"
#include "server/deletion_plan.h"
#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

// Upstream names the Kind here, not the resource.
Error precondition_failed(const Kind& kind, const std::string& name, const std::string& why) {
  Error error = conflict(kind, name, why);
  error.kind = kind.kind;
  error.message = "Operation cannot be fulfilled on " + kind.qualified_kind() + " " + quote(name) + ": " + why;
  return error;
}

Result<void> check_preconditions(const Kind& kind, const Message& object, const DeleteRequest& request) {
  const metav1::ObjectMeta& meta = stint::meta(object);
  if (!request.uid.empty() && request.uid != meta.uid()) {
    return fail(precondition_failed(kind, meta.name(),
                                    "the UID in the precondition (" + request.uid + ") does not match the UID in record (" + meta.uid() +
                                        "). The object might have been deleted and then recreated"));
  }
  if (!request.resource_version.empty() && request.resource_version != meta.resourceversion()) {
    return fail(precondition_failed(kind, meta.name(),
                                    "the ResourceVersion in the precondition (" + request.resource_version +
                                        ") does not match the ResourceVersion in record (" + meta.resourceversion() +
                                        "). The object might have been modified"));
  }
  return {};
}

Task<Result<Answer>> carry_out(Core& core, const Kind& kind, Stored current, DeletionPlan plan, bool dry_run) {
  Answer answer{.kind = &kind};
  switch (plan.action) {
    case DeletionPlan::Action::kNothing:
      answer.object = current.object;
      break;
    case DeletionPlan::Action::kMark: {
      CO_TRY(answer.object, co_await core.registry.replace(kind, std::move(current), std::move(plan.next), dry_run));
      break;
    }
    case DeletionPlan::Action::kRemove: {
      CO_TRY(answer.object, co_await core.registry.remove(kind, std::move(current), dry_run));
      if (plan.next != nullptr) {
        mutable_meta(*plan.next).set_resourceversion(meta(*answer.object).resourceversion());
        answer.object = Object(std::move(plan.next));
      }
      answer.is_status = !kind.returns_deleted_object;
      answer.status_name = meta(*answer.object).name();
      answer.status_uid = meta(*answer.object).uid();
      break;
    }
  }
  co_return answer;
}

}  // namespace

void warn_of_default_propagation(const Request& request, std::vector<std::string>& warnings) {
  if (request.propagation_chosen || request.remove.propagation || request.kind != &kind_of<batchv1::Job>()) return;
  warnings.emplace_back(
      "child pods are preserved by default when jobs are deleted; "
      "set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning");
}

Task<Result<Answer>> delete_object(Core& core, Request request) {
  const Kind& kind = *request.kind;
  CO_TRY_VOID(admit({.core = core, .request = request, .verb = Verb::kDelete, .object = nullptr, .old = nullptr}));
  const auto hold = co_await core.registry.lock(kind, request.ns, request.name);
  auto pause = kConflictPause;
  for (int attempt = 0;; ++attempt) {
    CO_TRY(Stored current, core.registry.get(kind, request.ns, request.name));
    CO_TRY_VOID(check_preconditions(kind, *current.object, request.remove));
    DeletionPlan plan = plan_deletion(kind, *current.object, request.remove, core.loop.now());
    auto answer = co_await carry_out(core, kind, std::move(current), std::move(plan), request.dry_run);
    if (answer) {
      warn_of_default_propagation(request, answer->warnings);
      co_return answer;
    }
    if (answer.error().reason != Reason::kConflict || attempt == kConflictRetriesMax) co_return answer;
    co_await sleep_for(core.loop, pause);
    pause *= 2;
  }
}

}  // namespace stint
