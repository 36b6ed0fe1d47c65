#include "api/core/pod_validation.h"

#include <algorithm>
#include <limits>

#include "api/core/pod_spec.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kRestartPolicies[] = {"Always", "OnFailure", "Never"};
constexpr std::string_view kDnsPolicies[] = {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"};
constexpr std::string_view kPreemptionPolicies[] = {"PreemptLowerPriority", "Never"};
constexpr std::string_view kSystems[] = {"linux", "windows"};
constexpr int kNameserversMax = 3;
constexpr int kSearchesMax = 32;
constexpr size_t kSearchListBytesMax = 2048;
constexpr size_t kHostnameOverrideBytesMax = 64;

// The last dot of a search domain and '_' in it are fine.
std::string as_subdomain(std::string search) {
  if (search.ends_with('.')) search.pop_back();
  std::ranges::replace(search, '_', 'a');
  return search;
}

void validate_searches(const corev1::PodDNSConfig& config, const FieldPath& path, FieldErrors& errors) {
  if (config.searches_size() > kSearchesMax) errors.invalid(path, "", "must not have more than 32 search paths");
  size_t bytes = config.searches().empty() ? 0 : config.searches_size() - 1;
  for (int i = 0; i < config.searches_size(); ++i) {
    const std::string& search = config.searches(i);
    bytes += search.size();
    if (search != ".") add_faults(dns_subdomain_faults(as_subdomain(search)), path.index(i), quote(search), errors);
  }
  if (bytes > kSearchListBytesMax) {
    errors.invalid(path, "", "must not have more than 2048 characters (including spaces) in the search list");
  }
}

void validate_dns(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  validate_one_of(spec.dnspolicy(), kDnsPolicies, path / "dnsPolicy", errors);
  FieldPath at = path / "dnsConfig";
  if (spec.dnspolicy() == "None") {
    if (!spec.has_dnsconfig()) return errors.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (spec.dnsconfig().nameservers().empty()) {
      return errors.required(at / "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
  const corev1::PodDNSConfig& config = spec.dnsconfig();
  FieldPath servers = at / "nameservers";
  if (config.nameservers_size() > kNameserversMax) errors.invalid(servers, "", "must not have more than 3 nameservers");
  for (int i = 0; i < config.nameservers_size(); ++i) {
    add_faults(ip_faults(config.nameservers(i)), servers.index(i), quote(config.nameservers(i)), errors);
  }
  validate_searches(config, at / "searches", errors);
  for (int i = 0; i < config.options_size(); ++i) {
    if (config.options(i).name().empty()) errors.required((at / "options").index(i), "must not be empty");
  }
}

void validate_host_names(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.hostname().empty()) add_faults(dns_label_faults(spec.hostname()), path / "hostname", quote(spec.hostname()), errors);
  if (!spec.subdomain().empty()) add_faults(dns_label_faults(spec.subdomain()), path / "subdomain", quote(spec.subdomain()), errors);
  for (int i = 0; i < spec.hostaliases_size(); ++i) {
    FieldPath at = (path / "hostAliases").index(i);
    add_faults(ip_faults(spec.hostaliases(i).ip()), at / "ip", quote(spec.hostaliases(i).ip()), errors);
    for (int j = 0; j < spec.hostaliases(i).hostnames_size(); ++j) {
      const std::string& name = spec.hostaliases(i).hostnames(j);
      add_faults(dns_subdomain_faults(name), (at / "hostnames").index(j), quote(name), errors);
    }
  }
  if (!spec.has_hostnameoverride()) return;
  FieldPath at = path / "hostnameOverride";
  if (spec.sethostnameasfqdn()) errors.forbidden(at, "may not be specified when setHostnameAsFQDN is true");
  if (spec.hostnetwork()) errors.forbidden(at, "may not be specified when hostNetwork is true");
  if (spec.hostnameoverride().size() > kHostnameOverrideBytesMax) errors.too_long(at, kHostnameOverrideBytesMax);
  add_faults(dns_subdomain_faults(spec.hostnameoverride()), at, quote(spec.hostnameoverride()), errors);
}

// Sharing with the host, and what excludes it.
void validate_host_sharing(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.shareprocessnamespace() && spec.hostpid()) {
    errors.invalid(path / "shareProcessNamespace", "true", "ShareProcessNamespace and HostPID cannot both be enabled");
  }
  if (spec.has_hostusers() && !spec.hostusers()) {
    if (spec.hostnetwork()) errors.forbidden(path / "hostNetwork", "when `hostUsers` is false");
    if (spec.hostpid()) errors.forbidden(path / "HostPID", "when `hostUsers` is false");
    if (spec.hostipc()) errors.forbidden(path / "HostIPC", "when `hostUsers` is false");
  }
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

void validate_names(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  auto subdomain = [&](const std::string& name, std::string_view field) {
    if (!name.empty()) add_faults(dns_subdomain_faults(name), path / field, quote(name), errors);
  };
  subdomain(spec.serviceaccountname(), "serviceAccountName");
  subdomain(spec.priorityclassname(), "priorityClassName");
  subdomain(spec.runtimeclassname(), "runtimeClassName");
  for (int i = 0; i < spec.readinessgates_size(); ++i) {
    const std::string& type = spec.readinessgates(i).conditiontype();
    add_faults(qualified_name_faults(type), (path / "readinessGates").index(i) / "conditionType", quote(type), errors);
  }
}

// Only for pods, not for templates, which always could hold more.
void validate_pod_only(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  auto check_image = [&](const auto& containers, std::string_view name) {
    for (int i = 0; i < containers.size(); ++i) {
      const std::string& image = containers[i].image();
      if (image.empty() || (kSpace.find(image.front()) == kSpace.npos && kSpace.find(image.back()) == kSpace.npos)) continue;
      errors.invalid((path / name).index(i) / "image", quote(image), "must not have leading or trailing whitespace");
    }
  };
  if (spec.terminationgraceperiodseconds() < 0) {
    errors.invalid(path / "terminationGracePeriodSeconds", shown(spec.terminationgraceperiodseconds()),
                   "must be greater than or equal to 0");
  }
  check_image(spec.containers(), "containers");
  check_image(spec.initcontainers(), "initContainers");
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

void validate_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  Volumes volumes = validate_volumes(spec, path / "volumes", errors);
  validate_containers({spec, volumes}, path, errors);
  if (spec.has_resources()) validate_resources(spec.resources(), path / "resources", errors);
  validate_one_of(spec.restartpolicy(), kRestartPolicies, path / "restartPolicy", errors);
  validate_dns(spec, path, errors);
  validate_pod_security(spec, path / "securityContext", errors);
  validate_scheduling(spec, path, errors);
  validate_host_sharing(spec, path, errors);
  validate_host_names(spec, path, errors);
  validate_names(spec, path, errors);
  if (spec.has_activedeadlineseconds() &&
      (spec.activedeadlineseconds() < 1 || spec.activedeadlineseconds() > std::numeric_limits<int32_t>::max())) {
    errors.invalid(path / "activeDeadlineSeconds", shown(spec.activedeadlineseconds()), "must be between 1 and 2147483647, inclusive");
  }
  if (spec.has_preemptionpolicy()) validate_one_of(spec.preemptionpolicy(), kPreemptionPolicies, path / "preemptionPolicy", errors);
  if (spec.has_os()) validate_one_of(spec.os().name(), kSystems, path / "os" / "name", errors);
}

void validate_pod_template(const corev1::PodTemplateSpec& pod_template, const FieldPath& path, FieldErrors& errors) {
  validate_labels(pod_template.metadata().labels(), path / "labels", errors);
  validate_annotations(pod_template.metadata().annotations(), path / "annotations", errors);
  validate_pod_spec(pod_template.spec(), path / "spec", errors);
  if (!pod_template.spec().ephemeralcontainers().empty()) {
    errors.forbidden(path / "spec" / "ephemeralContainers", "ephemeral containers not allowed in pod template");
  }
}

void validate_pod(const Message& object, FieldErrors& errors) {
  const corev1::PodSpec& spec = static_cast<const corev1::Pod&>(object).spec();
  FieldPath path("spec");
  validate_pod_spec(spec, path, errors);
  validate_pod_only(spec, path, errors);
  if (!spec.ephemeralcontainers().empty()) errors.forbidden(path / "ephemeralContainers", "cannot be set on create");
  if (!spec.nodename().empty() && !spec.schedulinggates().empty()) {
    errors.forbidden(path / "nodeName", "cannot be set until all schedulingGates have been cleared");
  }
}

}  // namespace stint::core
