// The LimitRanges of a namespace, at the door: defaults for new pods, bounds for pods and claims.
#include "api/core/limit_checks.h"
#include "server/admission.h"
#include "server/errors.h"

namespace stint {
namespace {

const corev1::LimitRange& as_range(const Object& object) { return static_cast<const corev1::LimitRange&>(*object); }

Result<std::vector<Object>> ranges_of(const Admission& admission) {
  return admission.core.registry.all(kind_of<corev1::LimitRange>(), admission.request.ns);
}

// Upstream tells several faults as one list, each once.
std::string joined(const std::vector<std::string>& faults) {
  std::vector<std::string> once;
  for (const std::string& fault : faults) {
    if (std::find(once.begin(), once.end(), fault) == once.end()) once.push_back(fault);
  }
  if (once.size() == 1) return once.front();
  std::string text;
  for (const std::string& fault : once) text += (text.empty() ? "[" : ", ") + fault;
  return text + "]";
}

std::vector<std::string> faults_of(const Object& range, const Message& object) {
  if (const auto* pod = dynamic_cast<const corev1::Pod*>(&object)) return core::limit_faults(as_range(range), pod->spec());
  return core::limit_faults(as_range(range), static_cast<const corev1::PersistentVolumeClaim&>(object).spec());
}

// New pods, pods that take a new size, and claims whenever they are written.
bool is_bounded(const Admission& admission) {
  if (admission.request.subresource == "resize") return admission.verb == Verb::kUpdate && !is_deleting(*admission.old);
  if (!admission.request.subresource.empty() || (admission.old != nullptr && is_deleting(*admission.old))) return false;
  if (admission.request.kind == &kind_of<corev1::PersistentVolumeClaim>()) return admission.verb != Verb::kDelete;
  return admission.request.kind == &kind_of<corev1::Pod>() && admission.verb == Verb::kCreate;
}

}  // namespace

Result<void> admit_limits(const Admission& admission) {
  corev1::Pod* pod = written_pod(admission);
  if (pod == nullptr || admission.verb != Verb::kCreate) return {};
  TRY(const std::vector<Object> ranges, ranges_of(admission));
  for (const Object& range : ranges) core::apply_limit_defaults(as_range(range), *pod);
  return {};
}

Result<void> check_limits(const Admission& admission) {
  if (!is_bounded(admission)) return {};
  TRY(const std::vector<Object> ranges, ranges_of(admission));
  for (const Object& range : ranges) {
    const std::vector<std::string> faults = faults_of(range, *admission.object);
    if (!faults.empty()) return fail(forbidden(*admission.request.kind, meta(*admission.object).name(), joined(faults)));
  }
  return {};
}

}  // namespace stint
