#include "server/admission.h"

#include <algorithm>
#include <array>

#include "server/errors.h"

namespace stint {

corev1::Pod* written_pod(const Admission& admission) {
  if (admission.object == nullptr || !admission.request.subresource.empty()) return nullptr;
  if (admission.object->GetDescriptor() != corev1::Pod::descriptor()) return nullptr;
  return static_cast<corev1::Pod*>(admission.object);
}

namespace {

using Step = Result<void> (*)(const Admission&);

Error being_terminated(const Kind& kind, std::string_view name, const std::string& ns) {
  Error error = forbidden(kind, name, "unable to create new content in namespace " + ns + " because it is being terminated");
  error.causes.push_back(
      {.reason = "NamespaceTerminating", .message = "namespace " + ns + " is being terminated", .field = "metadata.namespace"});
  return error;
}

// Nothing is created in a namespace that is absent or going; the first system namespaces stay.
Result<void> namespace_lifecycle(const Admission& admission) {
  static constexpr std::array<std::string_view, 3> kImmortal = {"default", "kube-system", "kube-public"};
  const Request& request = admission.request;
  const Kind& namespaces = kind_of<corev1::Namespace>();
  if (admission.verb == Verb::kDelete) {
    if (request.kind == &namespaces && std::find(kImmortal.begin(), kImmortal.end(), request.name) != kImmortal.end()) {
      return fail(forbidden(namespaces, request.name, "this namespace may not be deleted"));
    }
    return {};
  }
  if (admission.verb != Verb::kCreate || !request.kind->namespaced) return {};
  TRY(Stored ns, admission.core.registry.get(namespaces, "", request.ns));
  if (!is_deleting(*ns.object)) return {};
  return fail(being_terminated(*request.kind, meta(*admission.object).name(), request.ns));
}

// Pods stay five minutes on a node that is not ready or cannot be reached, unless they say otherwise.
Result<void> default_toleration_seconds(const Admission& admission) {
  constexpr int64_t kSeconds = 300;
  corev1::Pod* pod = written_pod(admission);
  if (pod == nullptr) return {};
  for (const std::string_view taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    const auto& all = pod->spec().tolerations();
    const bool tolerated = std::any_of(all.begin(), all.end(), [&](const corev1::Toleration& toleration) {
      return (toleration.key() == taint || toleration.key().empty()) && (toleration.effect() == "NoExecute" || toleration.effect().empty());
    });
    if (tolerated) continue;
    corev1::Toleration& toleration = *pod->mutable_spec()->add_tolerations();
    toleration.set_key(std::string(taint));
    toleration.set_operator_("Exists");
    toleration.set_effect("NoExecute");
    toleration.set_tolerationseconds(kSeconds);
  }
  return {};
}

// Storage that is in use stays until it is not (control/storage_protection).
Result<void> protect_storage(const Admission& admission) {
  if (admission.verb != Verb::kCreate || !admission.request.subresource.empty()) return {};
  const char* finalizer = nullptr;
  if (admission.request.kind == &kind_of<corev1::PersistentVolumeClaim>()) finalizer = "kubernetes.io/pvc-protection";
  if (admission.request.kind == &kind_of<corev1::PersistentVolume>()) finalizer = "kubernetes.io/pv-protection";
  if (finalizer == nullptr) return {};
  auto& finalizers = *mutable_meta(*admission.object).mutable_finalizers();
  if (std::find(finalizers.begin(), finalizers.end(), finalizer) == finalizers.end()) *finalizers.Add() = finalizer;
  return {};
}

// In upstream's order.
constexpr Step kSteps[] = {
    namespace_lifecycle,        admit_limits,    admit_service_account, restrict_node,     admit_priority, admit_storage_class,
    default_toleration_seconds, protect_storage, admit_runtime_class,   forbid_escalation,
};
constexpr Step kChecks[] = {check_limits, check_pod_security, check_default_class, check_overhead};

}  // namespace

Result<void> admit(const Admission& admission) {
  for (const Step step : kSteps) TRY_VOID(step(admission));
  return {};
}

Result<void> check_admitted(const Admission& admission) {
  for (const Step check : kChecks) TRY_VOID(check(admission));
  return {};
}

}  // namespace stint
