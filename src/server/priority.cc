// PriorityClasses, at the door: the number behind a pod's class, and the one class for pods that name none.
#include "server/admission.h"
#include "server/errors.h"

namespace stint {
namespace {

using Class = schedulingv1::PriorityClass;

// Of several defaults, which a race could have made, the lowest.
Result<std::shared_ptr<const Class>> default_class(Core& core) {
  TRY(const std::vector<Object> all, core.registry.all(kind_of<Class>(), ""));
  std::shared_ptr<const Class> chosen;
  for (const Object& object : all) {
    auto one = std::static_pointer_cast<const Class>(object);
    if (one->globaldefault() && (chosen == nullptr || one->value() < chosen->value())) chosen = std::move(one);
  }
  return chosen;
}

// The class that the pod names, or the default; null when it names none and there is no default.
Result<std::shared_ptr<const Class>> class_of(const Admission& admission, const std::string& name) {
  if (name.empty()) return default_class(admission.core);
  TRY(auto stored, admission.core.registry.find(kind_of<Class>(), "", name));
  if (!stored) {
    return fail(forbidden(*admission.request.kind, meta(*admission.object).name(), "no PriorityClass with name " + name + " was found"));
  }
  return std::static_pointer_cast<const Class>(stored->object);
}

void keep_priority(corev1::PodSpec& spec, const corev1::PodSpec& old) {
  if (!spec.has_priority() && old.has_priority()) spec.set_priority(old.priority());
  if (!spec.has_preemptionpolicy() && old.has_preemptionpolicy()) spec.set_preemptionpolicy(old.preemptionpolicy());
}

}  // namespace

Result<void> admit_priority(const Admission& admission) {
  corev1::Pod* pod = written_pod(admission);
  if (pod == nullptr) return {};
  corev1::PodSpec& spec = *pod->mutable_spec();
  if (admission.verb == Verb::kUpdate) {
    keep_priority(spec, static_cast<const corev1::Pod&>(*admission.old).spec());
    return {};
  }
  TRY(const auto chosen, class_of(admission, spec.priorityclassname()));
  const int32_t value = chosen == nullptr ? 0 : chosen->value();
  const std::string policy = chosen == nullptr ? "PreemptLowerPriority" : chosen->preemptionpolicy();
  const auto refuse = [&](std::string_view what, const std::string& given, const std::string& computed) {
    return fail(forbidden(*admission.request.kind, meta(*pod).name(),
                          "the " + std::string(what) + " (" + given +
                              ") must not be provided in pod spec; priority admission controller computed " + computed +
                              " from the given PriorityClass name"));
  };
  if (chosen != nullptr) spec.set_priorityclassname(chosen->metadata().name());
  if (spec.has_priority() && spec.priority() != value) {
    return refuse("integer value of priority", std::to_string(spec.priority()), std::to_string(value));
  }
  spec.set_priority(value);
  if (policy.empty()) return {};
  if (spec.has_preemptionpolicy() && spec.preemptionpolicy() != policy) {
    return refuse("string value of PreemptionPolicy", spec.preemptionpolicy(), policy);
  }
  spec.set_preemptionpolicy(policy);
  return {};
}

Result<void> check_default_class(const Admission& admission) {
  if (admission.request.kind != &kind_of<Class>() || admission.object == nullptr || !admission.request.subresource.empty()) return {};
  const auto& written = static_cast<const Class&>(*admission.object);
  if (!written.globaldefault()) return {};
  TRY(const auto other, default_class(admission.core));
  const std::string& name = written.metadata().name();
  if (other == nullptr || (admission.verb == Verb::kUpdate && other->metadata().name() == name)) return {};
  return fail(forbidden(*admission.request.kind, name,
                        "PriorityClass " + other->metadata().name() + " is already marked as default. Only one default can exist"));
}

}  // namespace stint
