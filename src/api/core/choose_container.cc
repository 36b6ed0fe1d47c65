#include "api/core/choose_container.h"

namespace stint {

Result<std::string> choose_container(const corev1::Pod& pod, const std::string& asked) {
  const auto& spec = pod.spec();
  if (!asked.empty()) {
    for (const auto* list : {&spec.containers(), &spec.initcontainers()})
      for (const auto& container : *list)
        if (container.name() == asked) return asked;
    for (const auto& container : spec.ephemeralcontainers())
      if (container.ephemeralcontainercommon().name() == asked) return asked;
    return fail(Reason::kBadRequest, "container " + asked + " is not valid for pod " + pod.metadata().name());
  }
  if (spec.containers_size() == 1) return spec.containers(0).name();
  std::string message = "a container name must be specified for pod " + pod.metadata().name();
  std::string names;
  for (const auto* list : {&spec.initcontainers(), &spec.containers()})
    for (const auto& container : *list) names += (names.empty() ? "" : " ") + container.name();
  if (spec.containers_size() > 1) message += ", choose one of: [" + names + "]";
  return fail(Reason::kBadRequest, std::move(message));
}

bool has_terminal(const corev1::Pod& pod, std::string_view container) {
  for (const auto* list : {&pod.spec().containers(), &pod.spec().initcontainers()}) {
    for (const auto& one : *list) {
      if (container.empty() || one.name() == container) return one.tty();
    }
  }
  for (const auto& one : pod.spec().ephemeralcontainers()) {
    if (one.ephemeralcontainercommon().name() == container) return one.ephemeralcontainercommon().tty();
  }
  return false;
}

}  // namespace stint
