// Defaults of pods and pod specs. Source: upstream's pkg/apis/core/v1/defaults.go.
#include <algorithm>

#include "api/core/amounts.h"
#include "api/core/pod_spec.h"
#include "api/core/resource_names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

constexpr int32_t kVolumeFileMode = 0644;
constexpr int64_t kTokenSeconds = 3600;
constexpr int64_t kGraceSeconds = 30;

void set_resources_defaults(corev1::ResourceRequirements& resources) {
  round_to_milli(*resources.mutable_limits());
  round_to_milli(*resources.mutable_requests());
}

void set_field_ref_defaults(corev1::ObjectFieldSelector& selector) {
  if (selector.apiversion().empty()) selector.set_apiversion("v1");
}

void set_http_get_defaults(corev1::HTTPGetAction& action) {
  if (action.path().empty()) action.set_path("/");
  if (action.scheme().empty()) action.set_scheme("HTTP");
}

void set_probe_defaults(corev1::Probe& probe) {
  if (probe.timeoutseconds() == 0) probe.set_timeoutseconds(1);
  if (probe.periodseconds() == 0) probe.set_periodseconds(10);
  if (probe.successthreshold() == 0) probe.set_successthreshold(1);
  if (probe.failurethreshold() == 0) probe.set_failurethreshold(3);
  if (!probe.has_handler()) return;
  if (probe.handler().has_httpget()) set_http_get_defaults(*probe.mutable_handler()->mutable_httpget());
  if (probe.handler().has_grpc() && !probe.handler().grpc().has_service()) probe.mutable_handler()->mutable_grpc()->set_service("");
}

void set_hook_defaults(corev1::LifecycleHandler& hook) {
  if (hook.has_httpget()) set_http_get_defaults(*hook.mutable_httpget());
}

// Container and EphemeralContainerCommon have the same fields but no common class.
template <class Container>
void set_container_defaults(Container& container) {
  if (container.imagepullpolicy().empty()) container.set_imagepullpolicy(std::string(default_pull_policy(container.image())));
  if (container.terminationmessagepath().empty()) container.set_terminationmessagepath("/dev/termination-log");
  if (container.terminationmessagepolicy().empty()) container.set_terminationmessagepolicy("File");
  for (corev1::ContainerPort& port : *container.mutable_ports()) {
    if (port.protocol().empty()) port.set_protocol("TCP");
  }
  for (corev1::EnvVar& variable : *container.mutable_env()) {
    if (variable.has_valuefrom() && variable.valuefrom().has_fieldref()) {
      set_field_ref_defaults(*variable.mutable_valuefrom()->mutable_fieldref());
    }
  }
  if (container.has_resources()) set_resources_defaults(*container.mutable_resources());
  if (container.has_livenessprobe()) set_probe_defaults(*container.mutable_livenessprobe());
  if (container.has_readinessprobe()) set_probe_defaults(*container.mutable_readinessprobe());
  if (container.has_startupprobe()) set_probe_defaults(*container.mutable_startupprobe());
  if (!container.has_lifecycle()) return;
  if (container.lifecycle().has_poststart()) set_hook_defaults(*container.mutable_lifecycle()->mutable_poststart());
  if (container.lifecycle().has_prestop()) set_hook_defaults(*container.mutable_lifecycle()->mutable_prestop());
}

template <class Items>
void set_downward_defaults(Items& items) {
  for (corev1::DownwardAPIVolumeFile& item : items) {
    if (item.has_fieldref()) set_field_ref_defaults(*item.mutable_fieldref());
  }
}

template <class Source>
void set_mode_default(Source& source) {
  if (!source.has_defaultmode()) source.set_defaultmode(kVolumeFileMode);
}

void set_projected_defaults(corev1::ProjectedVolumeSource& projected) {
  set_mode_default(projected);
  for (corev1::VolumeProjection& source : *projected.mutable_sources()) {
    if (source.has_downwardapi()) set_downward_defaults(*source.mutable_downwardapi()->mutable_items());
    if (source.has_serviceaccounttoken() && !source.serviceaccounttoken().has_expirationseconds()) {
      source.mutable_serviceaccounttoken()->set_expirationseconds(kTokenSeconds);
    }
  }
}

void set_volume_defaults(corev1::Volume& volume) {
  corev1::VolumeSource& source = *volume.mutable_volumesource();
  std::vector<const google::protobuf::FieldDescriptor*> chosen;
  source.GetReflection()->ListFields(source, &chosen);
  if (chosen.empty()) source.mutable_emptydir();
  if (source.has_secret()) set_mode_default(*source.mutable_secret());
  if (source.has_configmap()) set_mode_default(*source.mutable_configmap());
  if (source.has_downwardapi()) {
    set_mode_default(*source.mutable_downwardapi());
    set_downward_defaults(*source.mutable_downwardapi()->mutable_items());
  }
  if (source.has_projected()) set_projected_defaults(*source.mutable_projected());
  if (source.has_hostpath() && !source.hostpath().has_type()) source.mutable_hostpath()->set_type("");
  if (source.has_image() && source.image().pullpolicy().empty()) {
    source.mutable_image()->set_pullpolicy(std::string(default_pull_policy(source.image().reference())));
  }
  if (source.has_ephemeral() && source.ephemeral().has_volumeclaimtemplate()) {
    corev1::PersistentVolumeClaimSpec& claim = *source.mutable_ephemeral()->mutable_volumeclaimtemplate()->mutable_spec();
    if (!claim.has_volumemode()) claim.set_volumemode("Filesystem");
  }
}

// Pods alone: a request that is not given equals the limit.
void set_request_defaults(corev1::Container& container) {
  if (!container.has_resources() || container.resources().limits().empty()) return;
  auto& requests = *container.mutable_resources()->mutable_requests();
  for (const auto& [name, limit] : container.resources().limits()) {
    if (!requests.contains(name)) requests[name] = limit;
  }
}

// Pods alone: with the node's network a port is the node's port.
void set_host_port_defaults(corev1::Container& container) {
  for (corev1::ContainerPort& port : *container.mutable_ports()) {
    if (port.hostport() == 0) port.set_hostport(port.containerport());
  }
}

void set_pod_ip_defaults(corev1::PodStatus& status) {
  if (status.podip().empty()) {
    if (status.podips_size() > 0) status.set_podip(status.podips(0).ip());
  } else if (status.podips_size() == 0 || status.podips(0).ip() != status.podip()) {
    status.clear_podips();
    status.add_podips()->set_ip(status.podip());
  }
}

}  // namespace

std::string_view default_pull_policy(std::string_view image) {
  std::string_view name = image.substr(0, image.find('@'));
  bool has_digest = name.size() != image.size();
  size_t slash = name.rfind('/');
  std::string_view last = slash == name.npos ? name : name.substr(slash + 1);
  size_t colon = last.find(':');
  std::string_view repository = last.substr(0, colon);
  // What is no reference has no tag: validation or the node reports it.
  bool is_reference = !repository.empty() && std::ranges::none_of(repository, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!is_reference) return "IfNotPresent";
  if (colon == last.npos) return has_digest ? "IfNotPresent" : "Always";
  return last.substr(colon + 1) == "latest" ? "Always" : "IfNotPresent";
}

void set_pod_spec_defaults(corev1::PodSpec& spec) {
  // `serviceAccount` is the old spelling of `serviceAccountName`; both are always shown alike.
  if (spec.serviceaccountname().empty() && !spec.serviceaccount().empty()) spec.set_serviceaccountname(spec.serviceaccount());
  if (spec.serviceaccount() != spec.serviceaccountname()) spec.set_serviceaccount(spec.serviceaccountname());
  if (spec.dnspolicy().empty()) spec.set_dnspolicy("ClusterFirst");
  if (spec.restartpolicy().empty()) spec.set_restartpolicy("Always");
  if (!spec.has_securitycontext()) spec.mutable_securitycontext();
  if (!spec.has_terminationgraceperiodseconds()) spec.set_terminationgraceperiodseconds(kGraceSeconds);
  if (spec.schedulername().empty()) spec.set_schedulername("default-scheduler");
  for (corev1::Volume& volume : *spec.mutable_volumes()) set_volume_defaults(volume);
  for (corev1::Container& container : *spec.mutable_initcontainers()) set_container_defaults(container);
  for (corev1::Container& container : *spec.mutable_containers()) set_container_defaults(container);
  for (corev1::EphemeralContainer& container : *spec.mutable_ephemeralcontainers()) {
    set_container_defaults(*container.mutable_ephemeralcontainercommon());
  }
  round_to_milli(*spec.mutable_overhead());
  if (spec.has_resources()) set_resources_defaults(*spec.mutable_resources());
}

void set_pod_level_defaults(corev1::PodSpec& spec) {
  if (!spec.has_resources()) return;
  corev1::PodSpec containers = spec;
  containers.clear_resources();
  corev1::ResourceRequirements& own = *spec.mutable_resources();
  auto fill = [](ResourceList& list, const std::string& name, const std::string& amount) {
    if (!list.contains(name)) list[name].set_string(amount);
  };
  if (!own.limits().empty() || !own.requests().empty()) {
    for (const auto& [name, amount] : pod_amounts(containers, Asked::kLimits)) {
      if (is_huge_pages(name) && !own.requests().contains(name)) fill(*own.mutable_limits(), name, amount);
    }
  }
  if (own.limits().empty()) return;
  for (const auto& [name, amount] : pod_amounts(containers, Asked::kRequests)) {
    if (name == "cpu" || name == "memory") fill(*own.mutable_requests(), name, amount);
  }
  for (const auto& [name, amount] : amounts_of(own.limits())) {
    if (name == "cpu" || name == "memory" || is_huge_pages(name)) fill(*own.mutable_requests(), name, amount);
  }
}

void drop_disabled_fields(corev1::PodSpec& spec) {
  auto drop = [](auto& container) {
    if (!container.lifecycle().has_stopsignal()) return;
    container.mutable_lifecycle()->clear_stopsignal();
    if (container.lifecycle().ByteSizeLong() == 0) container.clear_lifecycle();
  };
  for (corev1::Container& container : *spec.mutable_initcontainers()) drop(container);
  for (corev1::Container& container : *spec.mutable_containers()) drop(container);
  for (corev1::EphemeralContainer& container : *spec.mutable_ephemeralcontainers()) drop(*container.mutable_ephemeralcontainercommon());
}

void set_pod_defaults(Message& object) {
  auto& pod = static_cast<corev1::Pod&>(object);
  corev1::PodSpec& spec = *pod.mutable_spec();
  set_pod_spec_defaults(spec);
  if (spec.terminationgraceperiodseconds() < 0) spec.set_terminationgraceperiodseconds(1);
  if (!spec.has_enableservicelinks()) spec.set_enableservicelinks(true);
  for (auto* containers : {spec.mutable_containers(), spec.mutable_initcontainers()}) {
    for (corev1::Container& container : *containers) {
      set_request_defaults(container);
      if (spec.hostnetwork()) set_host_port_defaults(container);
    }
  }
  if (pod.has_status()) set_pod_ip_defaults(*pod.mutable_status());
}

}  // namespace stint::core
