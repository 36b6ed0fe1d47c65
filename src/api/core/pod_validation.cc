#include "api/core/pod_validation.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "api/core/app_armor.h"
#include "api/core/pod_spec.h"
#include "api/json.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kRestartPolicies[] = {"Always", "OnFailure", "Never"};
constexpr std::string_view kDnsPolicies[] = {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"};
constexpr std::string_view kPreemptionPolicies[] = {"PreemptLowerPriority", "Never"};
constexpr const char* kMirrorAnnotation = "kubernetes.io/config.mirror";
constexpr const char* kDeletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";
constexpr int kNameserversMax = 3;
constexpr int kSearchesMax = 32;
constexpr size_t kSearchListBytesMax = 2048;
constexpr size_t kHostnameOverrideBytesMax = 64;

// A decimal of 32 bits, without what reads as an octal one.
bool is_deletion_cost(std::string_view text) {
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) return false;
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string shown_list(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + json::to_text(text);
  return "[" + list + "]";
}

void validate_searches(const corev1::PodDNSConfig& config, const FieldPath& path, FieldErrors& errors) {
  if (config.searches_size() > kSearchesMax) errors.invalid(path, shown_list(config.searches()), "must not have more than 32 search paths");
  size_t bytes = config.searches().empty() ? 0 : config.searches_size() - 1;
  for (const std::string& search : config.searches()) bytes += search.size();
  if (bytes > kSearchListBytesMax) {
    errors.invalid(path, shown_list(config.searches()), "must not have more than 2048 characters (including spaces) in the search list");
  }
  for (int i = 0; i < config.searches_size(); ++i) {
    std::string_view search = config.searches(i);
    if (search == ".") continue;
    if (search.ends_with('.')) search.remove_suffix(1);
    add_faults(dns_search_faults(search), path.index(i), quote(search), errors);
  }
}

void validate_dns(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  FieldPath at = path / "dnsConfig";
  if (spec.dnspolicy() == "None") {
    if (!spec.has_dnsconfig()) return errors.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (spec.dnsconfig().nameservers().empty()) {
      return errors.required(at / "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
  const corev1::PodDNSConfig& config = spec.dnsconfig();
  FieldPath servers = at / "nameservers";
  if (config.nameservers_size() > kNameserversMax) {
    errors.invalid(servers, shown_list(config.nameservers()), "must not have more than 3 nameservers");
  }
  for (int i = 0; i < config.nameservers_size(); ++i) {
    add_faults(ip_faults(config.nameservers(i)), servers.index(i), quote(config.nameservers(i)), errors);
  }
  validate_searches(config, at / "searches", errors);
  for (int i = 0; i < config.options_size(); ++i) {
    if (config.options(i).name().empty()) errors.required((at / "options").index(i), "must not be empty");
  }
}

void validate_host_aliases(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < spec.hostaliases_size(); ++i) {
    FieldPath at = path.index(i);
    add_faults(ip_faults(spec.hostaliases(i).ip()), at / "ip", quote(spec.hostaliases(i).ip()), errors);
    for (int j = 0; j < spec.hostaliases(i).hostnames_size(); ++j) {
      const std::string& name = spec.hostaliases(i).hostnames(j);
      add_faults(dns_subdomain_faults(name), (at / "hostnames").index(j), quote(name), errors);
    }
  }
}

void validate_hostname_override(const corev1::PodSpec& spec, const FieldPath& at, FieldErrors& errors) {
  if (!spec.has_hostnameoverride()) return;
  if (spec.sethostnameasfqdn()) errors.forbidden(at, "may not be specified when setHostnameAsFQDN is true");
  if (spec.hostnetwork()) errors.forbidden(at, "may not be specified when hostNetwork is true");
  if (spec.hostnameoverride().size() > kHostnameOverrideBytesMax) errors.too_long(at, kHostnameOverrideBytesMax);
  add_faults(dns_subdomain_faults(spec.hostnameoverride()), at, quote(spec.hostnameoverride()), errors);
}

void validate_host_users(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kWhen = "when `hostUsers` is false";
  if (!spec.has_hostusers() || spec.hostusers()) return;
  if (spec.hostnetwork()) errors.forbidden(path / "hostNetwork", kWhen);
  if (spec.hostpid()) errors.forbidden(path / "HostPID", kWhen);
  if (spec.hostipc()) errors.forbidden(path / "HostIPC", kWhen);
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) {
    if (!container.volumedevices().empty()) errors.forbidden(at / "volumeDevices", kWhen);
  });
}

// With the node's network a port is the node's port.
void validate_host_ports(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.hostnetwork()) return;
  for (int i = 0; i < spec.containers_size(); ++i) {
    for (int j = 0; j < spec.containers(i).ports_size(); ++j) {
      const corev1::ContainerPort& port = spec.containers(i).ports(j);
      // In a template the host's port may be left to the pod's defaults.
      if (port.hostport() == 0 || port.hostport() == port.containerport()) continue;
      FieldPath at = ((path / "containers").index(i) / "ports").index(j);
      errors.invalid(at / "hostPort", shown(port.hostport()), "must match `containerPort` when `hostNetwork` is true");
    }
  }
}

void validate_readiness_gates(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < spec.readinessgates_size(); ++i) {
    const std::string& type = spec.readinessgates(i).conditiontype();
    add_faults(qualified_name_faults(type), path.index(i) / "conditionType", quote(type), errors);
  }
}

void validate_deadline(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.has_activedeadlineseconds()) return;
  if (spec.activedeadlineseconds() >= 1 && spec.activedeadlineseconds() <= std::numeric_limits<int32_t>::max()) return;
  errors.invalid(path, shown(spec.activedeadlineseconds()), "must be between 1 and 2147483647, inclusive");
}

// What the pod names, and what it is called.
void validate_names(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  auto subdomain = [&](const std::string& name, std::string_view field) {
    if (!name.empty()) add_faults(dns_subdomain_faults(name), path / field, quote(name), errors);
  };
  auto label = [&](const std::string& name, std::string_view field) {
    if (!name.empty()) add_faults(dns_label_faults(name), path / field, quote(name), errors);
  };
  validate_hostname_override(spec, path / "hostnameOverride", errors);
  subdomain(spec.serviceaccountname(), "serviceAccountName");
  subdomain(spec.nodename(), "nodeName");
  validate_deadline(spec, path / "activeDeadlineSeconds", errors);
  label(spec.hostname(), "hostname");
  label(spec.subdomain(), "subdomain");
  validate_tolerations(spec, path / "tolerations", errors);
  validate_host_aliases(spec, path / "hostAliases", errors);
  subdomain(spec.priorityclassname(), "priorityClassName");
  subdomain(spec.runtimeclassname(), "runtimeClassName");
}

// Variables read from a file need the volume that holds it.
void validate_file_keys(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& container_path) {
    for (int i = 0; i < container.env_size(); ++i) {
      if (!container.env(i).valuefrom().has_filekeyref()) continue;
      const std::string& name = container.env(i).valuefrom().filekeyref().volumename();
      FieldPath at = (container_path / "env").index(i) / "valueFrom" / "fileKeyRef" / "volumeName";
      auto volume = std::ranges::find_if(spec.volumes(), [&](const corev1::Volume& one) { return one.name() == name; });
      if (volume == spec.volumes().end()) {
        errors.not_found(at, quote(name));
      } else if (!volume->volumesource().has_emptydir()) {
        errors.invalid(at, quote(name), "referenced volume must be of type emptyDir");
      }
    }
  });
}

// What annotations of pods must hold.
void validate_pod_annotations(const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  auto check = [&](const char* key, bool (*is_wrong)(const std::string& value, const corev1::PodSpec& spec), std::string_view why) {
    auto it = metadata.annotations().find(key);
    if (it != metadata.annotations().end() && is_wrong(it->second, spec)) errors.invalid(path.key(key), quote(it->second), why);
  };
  check(
      kMirrorAnnotation, [](const std::string&, const corev1::PodSpec& pod) { return pod.nodename().empty(); },
      "must set spec.nodeName if mirror pod annotation is set");
  check(
      kDeletionCostAnnotation, [](const std::string& value, const corev1::PodSpec&) { return !is_deletion_cost(value); },
      "must be a 32bit integer");
  validate_app_armor_annotations(metadata, spec, path, errors);
}

// Only for pods, not for templates, which always could hold more.
void validate_pod_only(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  auto check_images = [&](const auto& containers, std::string_view name) {
    for (int i = 0; i < containers.size(); ++i) validate_image_spaces(containers[i], (path / name).index(i), errors);
  };
  if (spec.terminationgraceperiodseconds() < 0) {
    errors.invalid(path / "terminationGracePeriodSeconds", shown(spec.terminationgraceperiodseconds()),
                   "must be greater than or equal to 0");
  }
  check_images(spec.containers(), "containers");
  check_images(spec.initcontainers(), "initContainers");
}

}  // namespace

void validate_one_of(const std::string& value, std::span<const std::string_view> choices, const FieldPath& path, FieldErrors& errors) {
  if (value.empty()) return errors.required(path);
  validate_one_of_if_set(value, choices, path, errors);
}

void validate_one_of_if_set(const std::string& value, std::span<const std::string_view> choices, const FieldPath& path,
                            FieldErrors& errors) {
  if (!value.empty() && std::ranges::find(choices, value) == choices.end()) errors.not_supported(path, value, choices);
}

void visit_containers(const corev1::PodSpec& spec, const FieldPath& path, const VisitContainer& visit) {
  for (int i = 0; i < spec.initcontainers_size(); ++i) visit(spec.initcontainers(i), (path / "initContainers").index(i));
  for (int i = 0; i < spec.containers_size(); ++i) visit(spec.containers(i), (path / "containers").index(i));
  for (int i = 0; i < spec.ephemeralcontainers_size(); ++i) {
    visit(as_container(spec.ephemeralcontainers(i)), (path / "ephemeralContainers").index(i));
  }
}

corev1::Container as_container(const corev1::EphemeralContainer& ephemeral) {
  corev1::Container container;
  container.ParseFromString(ephemeral.ephemeralcontainercommon().SerializeAsString());
  return container;
}

// In upstream's order, which is that of the messages.
void validate_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const Volumes volumes = validate_volumes(spec, path / "volumes", errors);
  const std::set<std::string_view> claims = claim_names(spec);
  validate_resource_claims(spec, path / "resourceClaims", errors);
  validate_containers({spec, volumes, claims}, path, errors);
  if (spec.has_resources()) validate_pod_resources(spec, claims, path / "resources", errors);
  validate_host_ports(spec, path, errors);
  validate_one_of(spec.restartpolicy(), kRestartPolicies, path / "restartPolicy", errors);
  validate_one_of(spec.dnspolicy(), kDnsPolicies, path / "dnsPolicy", errors);
  validate_labels(spec.nodeselector(), path / "nodeSelector", errors);
  validate_pod_security(spec, path / "securityContext", errors);
  if (spec.shareprocessnamespace() && spec.hostpid()) {
    errors.invalid(path / "shareProcessNamespace", "true", "ShareProcessNamespace and HostPID cannot both be enabled");
  }
  validate_affinity(spec.affinity(), path / "affinity", errors);
  validate_dns(spec, path, errors);
  validate_readiness_gates(spec, path / "readinessGates", errors);
  validate_gates(spec, path / "schedulingGates", errors);
  validate_spread(spec, path / "topologySpreadConstraints", errors);
  validate_host_process(spec, path, errors);
  validate_host_users(spec, path, errors);
  validate_names(spec, path, errors);
  if (spec.has_preemptionpolicy()) validate_one_of(spec.preemptionpolicy(), kPreemptionPolicies, path / "preemptionPolicy", errors);
  corev1::ResourceRequirements overhead;
  *overhead.mutable_limits() = spec.overhead();
  validate_resources(overhead, {}, path / "overhead", errors);
  validate_os(spec, path, errors);
  validate_file_keys(spec, path, errors);
}

void validate_pod_template(const corev1::PodTemplateSpec& pod_template, const FieldPath& path, FieldErrors& errors) {
  validate_labels(pod_template.metadata().labels(), path / "labels", errors);
  validate_annotations(pod_template.metadata().annotations(), path / "annotations", errors);
  validate_pod_annotations(pod_template.metadata(), pod_template.spec(), path / "annotations", errors);
  validate_pod_spec(pod_template.spec(), path / "spec", errors);
  validate_app_armor_agreement(pod_template.metadata(), pod_template.spec(), path / "spec", errors);
  if (!pod_template.spec().ephemeralcontainers().empty()) {
    errors.forbidden(path / "spec" / "ephemeralContainers", "ephemeral containers not allowed in pod template");
  }
}

void validate_pod_as_it_is(const corev1::Pod& pod, FieldErrors& errors) {
  FieldPath path("spec");
  validate_pod_annotations(pod.metadata(), pod.spec(), FieldPath("metadata.annotations"), errors);
  validate_pod_spec(pod.spec(), path, errors);
  validate_pod_only(pod.spec(), path, errors);
}

void validate_pod(const Message& object, FieldErrors& errors) {
  const auto& pod = static_cast<const corev1::Pod&>(object);
  const corev1::PodSpec& spec = pod.spec();
  FieldPath path("spec");
  validate_pod_as_it_is(pod, errors);
  if (!spec.ephemeralcontainers().empty()) errors.forbidden(path / "ephemeralContainers", "cannot be set on create");
  validate_app_armor_agreement(pod.metadata(), spec, path, errors);
  if (!spec.nodename().empty() && !spec.schedulinggates().empty()) {
    errors.forbidden(path / "nodeName", "cannot be set until all schedulingGates have been cleared");
  }
}

}  // namespace stint::core
