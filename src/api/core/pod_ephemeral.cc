#include "api/core/pod_ephemeral.h"

#include <algorithm>

#include "api/core/pod_validation.h"
#include "api/equality.h"
#include "api/internal_form.h"

namespace stint::core {
namespace {

// What the write of a part leaves alone.
void keep_own_metadata(metav1::ObjectMeta& next, const metav1::ObjectMeta& old) {
  *next.mutable_labels() = old.labels();
  *next.mutable_annotations() = old.annotations();
  *next.mutable_finalizers() = old.finalizers();
  *next.mutable_ownerreferences() = old.ownerreferences();
}

}  // namespace

void prepare_ephemeral_update(Message& next_object, const Message& old_object) {
  auto& next = static_cast<corev1::Pod&>(next_object);
  const auto& old = static_cast<const corev1::Pod&>(old_object);
  corev1::PodSpec spec = old.spec();
  spec.mutable_ephemeralcontainers()->Swap(next.mutable_spec()->mutable_ephemeralcontainers());
  next.mutable_spec()->Swap(&spec);
  *next.mutable_status() = old.status();
  keep_own_metadata(*next.mutable_metadata(), old.metadata());
}

void validate_ephemeral_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const auto& next = static_cast<const corev1::Pod&>(next_object);
  const auto& old = static_cast<const corev1::Pod&>(old_object);
  validate_pod_as_it_is(next, errors);
  if (old.metadata().annotations().contains("kubernetes.io/config.mirror"))
    return errors.forbidden("", "static pods do not support ephemeral containers");
  for (const auto& was : old.spec().ephemeralcontainers()) {
    const std::string& name = was.ephemeralcontainercommon().name();
    const auto& all = next.spec().ephemeralcontainers();
    const auto is = std::ranges::find(all, name, [](const auto& one) { return one.ephemeralcontainercommon().name(); });
    const std::string which = "existing ephemeral containers \"" + name + "\" may not be ";
    if (is == all.end()) {
      errors.forbidden("spec.ephemeralContainers", which + "removed\n");
    } else if (!semantically_equal(was, *is)) {
      errors.forbidden("spec.ephemeralContainers", which + "changed\n" + internal_diff(was, *is));
    }
  }
}

}  // namespace stint::core
