// POST pods/x/binding: what the scheduler writes. Sets the node, once.
#include "api/names.h"
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
  if (!target.name().empty() && (target.kind().empty() || target.kind() == "Node")) {
    add_faults(dns_subdomain_faults(target.name()), FieldPath("target.name"), quote(target.name()), errors);
  }
  if (errors.empty()) return {};
  // Upstream makes no Status of these, so that its handlers answer with a 500.
  std::string text;
  for (const Cause& cause : errors.causes()) text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return fail(Reason::kNone, errors.causes().size() > 1 ? "[" + text + "]" : text);
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

Result<void> check_name(const Request& request) {
  if (request.body.message == nullptr || request.body.message->GetDescriptor() != corev1::Binding::descriptor()) return {};
  if (meta(*request.body.message).name() == request.name) return {};
  return fail(Reason::kBadRequest, "name in URL does not match name in Binding object");
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
  CO_TRY_VOID(check_name(request));
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

// POST bindings: the pod is the one of that name.
Task<Result<Answer>> bind_named_pod(Core& core, Request request) {
  request.kind = &kind_of<corev1::Pod>();
  request.subresource = "binding";
  if (request.body.message != nullptr) request.name = meta(*request.body.message).name();
  return bind_pod(core, std::move(request));
}

}  // namespace stint
