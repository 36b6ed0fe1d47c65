// The quality-of-service class. Source: upstream's pkg/apis/core/v1/helper/qos.
#include "api/core/pod_spec.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

using ResourceList = google::protobuf::Map<std::string, resource::Quantity>;

// The quantity's text, or "" when it is absent or zero.
std::string_view amount(const ResourceList& list, const char* name) {
  auto it = list.find(name);
  if (it == list.end() || compare_quantities(it->second.string(), "0") <= 0) return "";
  return it->second.string();
}

struct Qos {
  bool any = false;        // some request or limit
  bool guaranteed = true;  // so far every container has limit = request for both

  void add(const corev1::ResourceRequirements& resources) {
    for (const char* name : {"cpu", "memory"}) {
      std::string_view request = amount(resources.requests(), name);
      std::string_view limit = amount(resources.limits(), name);
      any = any || !request.empty() || !limit.empty();
      // A request that is not given is the limit.
      bool equal = request.empty() || (!limit.empty() && compare_quantities(request, limit) == 0);
      guaranteed = guaranteed && !limit.empty() && equal;
    }
  }
  std::string_view name() const { return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable"; }
};

}  // namespace

std::string_view qos_class(const corev1::PodSpec& spec) {
  Qos qos;
  if (spec.has_resources() && !(spec.resources().limits().empty() && spec.resources().requests().empty())) {
    qos.add(spec.resources());
    return qos.name();
  }
  for (const corev1::Container& container : spec.initcontainers()) qos.add(container.resources());
  for (const corev1::Container& container : spec.containers()) qos.add(container.resources());
  return qos.name();
}

bool is_sidecar(const corev1::Container& init_container) { return init_container.restartpolicy() == "Always"; }

}  // namespace stint::core
