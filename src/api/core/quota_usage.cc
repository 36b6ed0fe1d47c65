#include "api/core/quota_usage.h"

#include <algorithm>
#include <vector>

#include "api/core/access_modes.h"
#include "api/core/pod_spec.h"
#include "api/core/resource_names.h"
#include "api/object.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

constexpr std::string_view kPodResources[] = {
    "cpu",        "memory",        "ephemeral-storage",        "requests.cpu", "requests.memory", "requests.ephemeral-storage",
    "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods"};
// Those that each container must name if a quota is about them.
constexpr std::string_view kMustBeNamed[] = {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"};
constexpr std::string_view kServiceResources[] = {"services", "services.nodeports", "services.loadbalancers"};
constexpr std::string_view kClaimResources[] = {"persistentvolumeclaims", "requests.storage"};
// Kinds that had a name of their own before there were counts of all kinds.
constexpr std::string_view kCountedByName[] = {"configmaps", "resourcequotas", "replicationcontrollers", "secrets"};
constexpr std::string_view kOfStorageClass = ".storageclass.storage.k8s.io/";

template <class Names>
bool has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

bool is(const Kind& kind, const google::protobuf::Descriptor* descriptor) { return kind.descriptor() == descriptor; }
bool is_pod(const Kind& kind) { return is(kind, corev1::Pod::descriptor()); }
bool is_service(const Kind& kind) { return is(kind, corev1::Service::descriptor()); }
bool is_claim(const Kind& kind) { return is(kind, corev1::PersistentVolumeClaim::descriptor()); }

std::string count_name(const Kind& kind) { return "count/" + kind.qualified_plural(); }

bool is_counted_of_pods(std::string_view name) {
  if (has(kPodResources, name) || is_huge_pages(name) || name.starts_with("requests.hugepages-")) return true;
  const bool of_device_class = name.starts_with("requests.deviceclass.resource.kubernetes.io/");
  return name.starts_with("requests.") && (of_device_class || !is_native_resource(name));
}

bool is_counted_of_claims(std::string_view name) {
  if (has(kClaimResources, name)) return true;
  const size_t at = name.find(kOfStorageClass);
  return at != name.npos && has(kClaimResources, name.substr(at + kOfStorageClass.size()));
}

// The amounts under the names that a quota knows them by.
Amounts named_amounts(const Amounts& requests, const Amounts& limits) {
  Amounts named{{"pods", "1"}};
  for (const char* name : {"cpu", "memory", "ephemeral-storage"}) {
    if (const auto request = requests.find(name); request != requests.end()) {
      named[name] = request->second;
      named["requests." + std::string(name)] = request->second;
    }
    if (const auto limit = limits.find(name); limit != limits.end()) named["limits." + std::string(name)] = limit->second;
  }
  for (const auto& [name, request] : requests) {
    if (is_huge_pages(name)) named[name] = request;
    if (is_huge_pages(name) || is_extended_resource(name)) named["requests." + name] = request;
  }
  return named;
}

// Not one that has ended, nor one that should be gone by now.
bool is_active(const corev1::Pod& pod, WallTime now) {
  if (pod.status().phase() == "Failed" || pod.status().phase() == "Succeeded") return false;
  const metav1::ObjectMeta& metadata = pod.metadata();
  if (!metadata.has_deletiontimestamp() || !metadata.has_deletiongraceperiodseconds()) return true;
  return now <= from_time(metadata.deletiontimestamp()) + std::chrono::seconds(metadata.deletiongraceperiodseconds());
}

Amounts usage_of_pod(const corev1::Pod& pod, WallTime now) {
  if (!is_active(pod, now)) return {};
  Amounts requests = pod_amounts(pod.spec(), Asked::kRequests);
  add_overhead(pod.spec(), Asked::kRequests, requests);
  Amounts limits = pod_amounts(pod.spec(), Asked::kLimits);
  add_overhead(pod.spec(), Asked::kLimits, limits);
  return named_amounts(requests, limits);
}

Amounts usage_of_service(const corev1::ServiceSpec& spec) {
  int node_ports = spec.type() == "NodePort" || spec.type() == "LoadBalancer" ? spec.ports_size() : 0;
  if (spec.type() == "LoadBalancer" && spec.has_allocateloadbalancernodeports() && !spec.allocateloadbalancernodeports()) {
    node_ports = static_cast<int>(std::ranges::count_if(spec.ports(), [](const auto& port) { return port.nodeport() != 0; }));
  }
  return {{"services", "1"},
          {"services.nodeports", std::to_string(node_ports)},
          {"services.loadbalancers", spec.type() == "LoadBalancer" ? "1" : "0"}};
}

Amounts usage_of_claim(const corev1::PersistentVolumeClaim& claim) {
  Amounts usage{{"persistentvolumeclaims", "1"}};
  const std::string storage_class = storage_class_of(claim, claim.spec().storageclassname());
  const std::string prefix = storage_class.empty() ? "" : storage_class + std::string(kOfStorageClass);
  if (!prefix.empty()) usage[prefix + "persistentvolumeclaims"] = "1";
  const auto asked = claim.spec().resources().requests().find(kStorage);
  if (asked == claim.spec().resources().requests().end()) return usage;
  std::string size = asked->second.string();
  const auto allocated = claim.status().allocatedresources().find(kStorage);
  if (allocated != claim.status().allocatedresources().end() && compare_quantities(allocated->second.string(), size) > 0) {
    size = allocated->second.string();
  }
  usage["requests.storage"] = size;
  if (!prefix.empty()) usage[prefix + "requests.storage"] = size;
  return usage;
}

template <class Terms>
bool looks_elsewhere(const Terms& terms) {
  return std::ranges::any_of(terms, [](const auto& term) {
    if constexpr (requires { term.podaffinityterm(); }) {
      return !term.podaffinityterm().namespaces().empty() || term.podaffinityterm().has_namespaceselector();
    } else {
      return !term.namespaces().empty() || term.has_namespaceselector();
    }
  });
}

bool looks_elsewhere(const corev1::Affinity& affinity) {
  const auto any = [](const auto& one) {
    return looks_elsewhere(one.requiredduringschedulingignoredduringexecution()) ||
           looks_elsewhere(one.preferredduringschedulingignoredduringexecution());
  };
  return any(affinity.podaffinity()) || any(affinity.podantiaffinity());
}

// Whether some of the names (none: the thing has no class) fits the demand.
bool fits(const corev1::ScopedResourceSelectorRequirement& scope, const std::vector<std::string>& names) {
  const std::string& op = scope.operator_();
  if (op == "Exists") return !names.empty();
  if (op == "DoesNotExist") return names.empty();
  if (names.empty()) return op == "NotIn";
  return std::ranges::any_of(names, [&](const std::string& name) { return has(scope.values(), name) == (op == "In"); });
}

bool pod_fits(const corev1::ScopedResourceSelectorRequirement& scope, const corev1::PodSpec& spec) {
  const std::string& name = scope.scopename();
  const bool has_deadline = spec.has_activedeadlineseconds() && spec.activedeadlineseconds() >= 0;
  if (name == "Terminating") return has_deadline;
  if (name == "NotTerminating") return !has_deadline;
  if (name == "BestEffort") return qos_class(spec) == "BestEffort";
  if (name == "NotBestEffort") return qos_class(spec) != "BestEffort";
  if (name == "CrossNamespacePodAffinity") return looks_elsewhere(spec.affinity());
  if (name != "PriorityClass") return false;
  return fits(scope, spec.priorityclassname().empty() ? std::vector<std::string>() : std::vector{spec.priorityclassname()});
}

bool claim_fits(const corev1::ScopedResourceSelectorRequirement& scope, const corev1::PersistentVolumeClaim& claim) {
  if (scope.scopename() != "VolumeAttributesClass") return false;
  std::vector<std::string> names;
  for (const std::string& name : {claim.spec().volumeattributesclassname(), claim.status().currentvolumeattributesclassname(),
                                  claim.status().modifyvolumestatus().targetvolumeattributesclassname()}) {
    if (!name.empty()) names.push_back(name);
  }
  return fits(scope, names);
}

bool fits_scope(const corev1::ScopedResourceSelectorRequirement& scope, const Message& object) {
  if (const auto* pod = dynamic_cast<const corev1::Pod*>(&object)) return pod_fits(scope, pod->spec());
  if (const auto* claim = dynamic_cast<const corev1::PersistentVolumeClaim*>(&object)) return claim_fits(scope, *claim);
  return false;
}

}  // namespace

bool is_counted(const Kind& kind, std::string_view resource) {
  if (resource == count_name(kind)) return true;
  if (is_pod(kind)) return is_counted_of_pods(resource);
  if (is_service(kind)) return has(kServiceResources, resource);
  if (is_claim(kind)) return is_counted_of_claims(resource);
  return kind.group.empty() && resource == kind.plural && has(kCountedByName, resource);
}

std::set<std::string> counted_names(const Kind& kind, const ResourceList& hard) {
  std::set<std::string> names;
  for (const auto& [name, amount] : hard) {
    if (is_counted(kind, name)) names.insert(name);
  }
  return names;
}

bool is_in_scope(const corev1::ResourceQuotaSpec& quota, const Message& object) {
  const bool in_scopes = std::ranges::all_of(quota.scopes(), [&](const std::string& name) {
    corev1::ScopedResourceSelectorRequirement scope;
    scope.set_scopename(name);
    scope.set_operator_("Exists");
    return fits_scope(scope, object);
  });
  return in_scopes &&
         std::ranges::all_of(quota.scopeselector().matchexpressions(), [&](const auto& scope) { return fits_scope(scope, object); });
}

Amounts usage_of(const Kind& kind, const Message& object, WallTime now) {
  Amounts usage;
  if (is_pod(kind)) {
    usage = usage_of_pod(static_cast<const corev1::Pod&>(object), now);
  } else if (is_service(kind)) {
    usage = usage_of_service(static_cast<const corev1::Service&>(object).spec());
  } else if (is_claim(kind)) {
    usage = usage_of_claim(static_cast<const corev1::PersistentVolumeClaim&>(object));
  } else if (kind.group.empty() && has(kCountedByName, kind.plural)) {
    usage[std::string(kind.plural)] = "1";
  }
  usage[count_name(kind)] = "1";
  return usage;
}

std::string unspecified_amounts(const std::set<std::string>& names, const corev1::PodSpec& spec) {
  const Amounts own_requests = amounts_of(spec.resources().requests()), own_limits = amounts_of(spec.resources().limits());
  if (!own_requests.empty() || !own_limits.empty()) return "";
  std::map<std::string, std::set<std::string>> missing;
  const auto check = [&](const corev1::Container& container) {
    const Amounts named = named_amounts(amounts_of(container.resources().requests()), amounts_of(container.resources().limits()));
    for (const std::string& name : names) {
      if (has(kMustBeNamed, name) && !named.contains(name)) missing[name].insert(container.name());
    }
  };
  std::ranges::for_each(spec.containers(), check);
  std::ranges::for_each(spec.initcontainers(), check);
  std::string text;
  for (const auto& [name, containers] : missing) {
    text += (text.empty() ? "must specify " : "; ") + name + " for: ";
    for (const std::string& container : containers) text += (container == *containers.begin() ? "" : ",") + container;
  }
  return text;
}

}  // namespace stint::core
