// POST pods/x/binding: what the scheduler writes. Sets the node, once.
#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

Result<void> validate(const corev1::Binding& binding) {
  static constexpr std::string_view kKinds[] = {"Node", "<empty>"};
  const corev1::ObjectReference& target = binding.target();
  FieldErrors errors;
  if (!target.kind().empty() && target.kind() != "Node") errors.not_supported("target.kind", target.kind(), kKinds);
  if (target.name().empty()) errors.required("target.name");
  if (!errors.empty()) return fail(invalid("Binding", binding.metadata().name(), errors));
  return {};
}

// Upstream names the subresource in the error, not the pod's own resource.
Error refused(const std::string& pod, std::string_view why) {
  return {.reason = Reason::kConflict,
          .message = "Operation cannot be fulfilled on pods/binding " + quote(pod) + ": " + std::string(why),
          .name = pod,
          .kind = "pods/binding"};
}

Result<void> check_pod(const corev1::Pod& pod, const metav1::ObjectMeta& asked) {
  const std::string& name = pod.metadata().name();
  if (!asked.uid().empty() && asked.uid() != pod.metadata().uid()) {
    return fail(
        refused(name, "Precondition failed: UID in precondition: " + asked.uid() + ", UID in object meta: " + pod.metadata().uid()));
  }
  if (!asked.resourceversion().empty() && asked.resourceversion() != pod.metadata().resourceversion()) {
    return fail(refused(name, "Precondition failed: ResourceVersion in precondition: " + asked.resourceversion() +
                                  ", ResourceVersion in object meta: " + pod.metadata().resourceversion()));
  }
  if (pod.metadata().has_deletiontimestamp()) return fail(refused(name, "pod " + name + " is being deleted, cannot be assigned to a host"));
  if (!pod.spec().nodename().empty()) {
    return fail(refused(name, "pod " + name + " is already assigned to node " + quote(pod.spec().nodename())));
  }
  if (!pod.spec().schedulinggates().empty()) return fail(refused(name, "pod " + name + " has non-empty .spec.schedulingGates"));
  return {};
}

void set_scheduled(corev1::PodStatus& status, WallTime now) {
  corev1::PodCondition* condition = nullptr;
  for (corev1::PodCondition& one : *status.mutable_conditions()) {
    if (one.type() == "PodScheduled") condition = &one;
  }
  if (condition == nullptr) {
    condition = status.add_conditions();
    condition->set_type("PodScheduled");
  }
  if (condition->status() != "True") *condition->mutable_lasttransitiontime() = to_time(now);
  condition->set_status("True");
  condition->clear_reason();
  condition->clear_message();
}

std::unique_ptr<corev1::Pod> bound(const corev1::Pod& pod, const corev1::Binding& binding, WallTime now) {
  auto next = std::make_unique<corev1::Pod>(pod);
  next->mutable_spec()->set_nodename(binding.target().name());
  next->mutable_status()->clear_nominatednodename();
  for (const auto& [key, value] : binding.metadata().annotations()) (*next->mutable_metadata()->mutable_annotations())[key] = value;
  for (const auto& [key, value] : binding.metadata().labels()) (*next->mutable_metadata()->mutable_labels())[key] = value;
  set_scheduled(*next->mutable_status(), now);
  return next;
}

}  // namespace

Task<Result<Answer>> bind_pod(Core& core, Request request) {
  const Kind& pods = *request.kind;
  Answer answer{.code = 201, .kind = &pods, .is_status = true};
  CO_TRY_VOID(check_body(request, answer.warnings));
  if (request.body.message->GetDescriptor() != corev1::Binding::descriptor()) co_return fail(Reason::kBadRequest, "not a Binding object");
  const auto& binding = static_cast<const corev1::Binding&>(*request.body.message);
  CO_TRY_VOID(validate(binding));
  const auto hold = co_await core.registry.lock(pods, request.ns, request.name);
  CO_TRY(Stored current, core.registry.get(pods, request.ns, request.name));
  const auto& pod = static_cast<const corev1::Pod&>(*current.object);
  CO_TRY_VOID(check_pod(pod, binding.metadata()));
  auto next = bound(pod, binding, core.loop.now());
  CO_TRY(answer.object, co_await core.registry.replace(pods, std::move(current), std::move(next), request.dry_run));
  co_return answer;
}

}  // namespace stint
