// The one list of kinds.
#include "api/batch/rules.h"
#include "api/coordination/rules.h"
#include "api/core/rules.h"
#include "api/events/rules.h"
#include "api/kind.h"

namespace stint {
namespace {

constexpr std::string_view kAllVerbs = "create,delete,deletecollection,get,list,patch,update,watch";
constexpr std::string_view kReadVerbs = "get,list,watch";
constexpr std::string_view kStatusVerbs = "get,patch,update";

constexpr Subresource kPodSubresources[] = {
    {.name = "binding", .kind = "Binding", .verbs = "create"},
    {.name = "log", .kind = "Pod", .verbs = "get"},
    {.name = "status", .kind = "Pod", .verbs = kStatusVerbs},
};
constexpr Subresource kNamespaceSubresources[] = {
    {.name = "finalize", .kind = "Namespace", .verbs = "update"},
    {.name = "status", .kind = "Namespace", .verbs = kStatusVerbs},
};
constexpr Subresource kNodeSubresources[] = {{.name = "status", .kind = "Node", .verbs = kStatusVerbs}};
constexpr Subresource kJobSubresources[] = {{.name = "status", .kind = "Job", .verbs = kStatusVerbs}};
constexpr Subresource kCronJobSubresources[] = {{.name = "status", .kind = "CronJob", .verbs = kStatusVerbs}};

// Groups in the order in which ambiguous short names are resolved: core first. Storage names are those of upstream's etcd layout.
constexpr Kind kKinds[] = {
    {.version = "v1",
     .kind = "Pod",
     .plural = "pods",
     .singular = "pod",
     .short_names = "po",
     .categories = "all",
     .verbs = kAllVerbs,
     .subresources = kPodSubresources,
     .descriptor = corev1::Pod::descriptor,
     .storage_resource = "pods",
     .rules = &core::kPodRules,
     .has_generation = true,
     .has_grace = true,
     .returns_deleted_object = true},
    {.version = "v1",
     .kind = "Namespace",
     .plural = "namespaces",
     .singular = "namespace",
     .namespaced = false,
     .short_names = "ns",
     .verbs = "create,delete,get,list,patch,update,watch",
     .subresources = kNamespaceSubresources,
     .descriptor = corev1::Namespace::descriptor,
     .storage_resource = "namespaces",
     .rules = &core::kNamespaceRules,
     .returns_deleted_object = true},
    {.version = "v1",
     .kind = "Event",
     .plural = "events",
     .singular = "event",
     .short_names = "ev",
     .verbs = kAllVerbs,
     .descriptor = corev1::Event::descriptor,
     .storage_resource = "events",
     .rules = &core::kEventRules,
     .create_on_update = true,
     .default_propagation = Propagation::kUnsupported},
    {.version = "v1",
     .kind = "Node",
     .plural = "nodes",
     .singular = "node",
     .namespaced = false,
     .short_names = "no",
     .verbs = kAllVerbs,
     .subresources = kNodeSubresources,
     .descriptor = corev1::Node::descriptor,
     .storage_resource = "minions",
     .rules = &core::kNodeRules},
    {.version = "v1",
     .kind = "ConfigMap",
     .plural = "configmaps",
     .singular = "configmap",
     .short_names = "cm",
     .verbs = kAllVerbs,
     .descriptor = corev1::ConfigMap::descriptor,
     .storage_resource = "configmaps",
     .rules = &core::kConfigMapRules},
    {.version = "v1",
     .kind = "Secret",
     .plural = "secrets",
     .singular = "secret",
     .verbs = kAllVerbs,
     .descriptor = corev1::Secret::descriptor,
     .storage_resource = "secrets",
     .rules = &core::kSecretRules},
    {.version = "v1",
     .kind = "ServiceAccount",
     .plural = "serviceaccounts",
     .singular = "serviceaccount",
     .short_names = "sa",
     .verbs = kAllVerbs,
     .descriptor = corev1::ServiceAccount::descriptor,
     .storage_resource = "serviceaccounts",
     .rules = &core::kServiceAccountRules,
     .returns_deleted_object = true},
    {.version = "v1",
     .kind = "Service",
     .plural = "services",
     .singular = "service",
     .short_names = "svc",
     .categories = "all",
     .verbs = kReadVerbs,
     .descriptor = corev1::Service::descriptor,
     .storage_resource = "services/specs",
     .rules = &core::kServiceRules},
    {.group = "events.k8s.io",
     .version = "v1",
     .kind = "Event",
     .plural = "events",
     .singular = "event",
     .short_names = "ev",
     .verbs = kAllVerbs,
     .descriptor = eventsv1::Event::descriptor,
     .storage_resource = "events",
     .rules = &events::kEventRules,
     .create_on_update = true,
     .default_propagation = Propagation::kUnsupported,
     .to_stored = events::to_core,
     .from_stored = events::from_core},
    {.group = "batch",
     .version = "v1",
     .kind = "Job",
     .plural = "jobs",
     .singular = "job",
     .categories = "all",
     .verbs = kAllVerbs,
     .subresources = kJobSubresources,
     .descriptor = batchv1::Job::descriptor,
     .storage_resource = "jobs",
     .rules = &batch::kJobRules,
     .has_generation = true,
     .default_propagation = Propagation::kOrphan},
    {.group = "batch",
     .version = "v1",
     .kind = "CronJob",
     .plural = "cronjobs",
     .singular = "cronjob",
     .short_names = "cj",
     .categories = "all",
     .verbs = kAllVerbs,
     .subresources = kCronJobSubresources,
     .descriptor = batchv1::CronJob::descriptor,
     .storage_resource = "cronjobs",
     .rules = &batch::kCronJobRules,
     .has_generation = true},
    {.group = "coordination.k8s.io",
     .version = "v1",
     .kind = "Lease",
     .plural = "leases",
     .singular = "lease",
     .verbs = kAllVerbs,
     .descriptor = coordinationv1::Lease::descriptor,
     .storage_resource = "leases",
     .rules = &coordination::kLeaseRules,
     .create_on_update = true,
     .unconditional_update = false},
};

template <class Predicate>
const Kind* find(Predicate is_wanted) {
  for (const Kind& kind : kKinds) {
    if (is_wanted(kind)) return &kind;
  }
  return nullptr;
}

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

const Kind* find_kind(std::string_view group, std::string_view version, std::string_view plural) {
  return find([&](const Kind& kind) { return kind.plural == plural && kind.group == group && kind.version == version; });
}

const Kind* find_kind_by_name(std::string_view api_version, std::string_view name) {
  size_t slash = api_version.find('/');
  std::string_view group = slash == api_version.npos ? "" : api_version.substr(0, slash);
  std::string_view version = slash == api_version.npos ? api_version : api_version.substr(slash + 1);
  return find([&](const Kind& kind) { return kind.kind == name && kind.group == group && kind.version == version; });
}

const Kind& kind_of(const google::protobuf::Descriptor* descriptor) {
  const Kind* kind = find([&](const Kind& one) { return one.descriptor() == descriptor; });
  if (kind == nullptr) std::abort();
  return *kind;
}

}  // namespace stint
