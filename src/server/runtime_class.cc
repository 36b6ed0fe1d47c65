// Admission of pods that ask for a class of runtimes. There are none here, so what is asked for is missing.
#include "server/admission.h"
#include "server/errors.h"

namespace stint {

Result<void> admit_runtime_class(const Admission& admission) {
  const corev1::Pod* pod = written_pod(admission);
  if (pod == nullptr || admission.verb != Verb::kCreate || !pod->spec().has_runtimeclassname()) return {};
  return fail(forbidden(*admission.request.kind, pod->metadata().name(),
                        "pod rejected: RuntimeClass " + quote(pod->spec().runtimeclassname()) + " not found"));
}

Result<void> check_overhead(const Admission& admission) {
  const corev1::Pod* pod = written_pod(admission);
  if (pod == nullptr || admission.verb != Verb::kCreate || pod->spec().overhead().empty()) return {};
  return fail(forbidden(*admission.request.kind, pod->metadata().name(),
                        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"));
}

}  // namespace stint
