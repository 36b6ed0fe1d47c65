#include "api/core/service_validation.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "api/core/pod_validation.h"
#include "api/core/service_type.h"
#include "api/json.h"
#include "api/names.h"

namespace stint::core {
namespace {

using Spec = corev1::ServiceSpec;

constexpr std::string_view kAffinities[] = {"ClientIP", "None"};
constexpr std::string_view kTypes[] = {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"};
constexpr std::string_view kTrafficPolicies[] = {"Cluster", "Local"};
constexpr std::string_view kProtocols[] = {"SCTP", "TCP", "UDP"};
constexpr std::string_view kDistributions[] = {"PreferClose", "PreferSameZone", "PreferSameNode"};
constexpr std::string_view kIpModes[] = {"Proxy", "VIP"};
constexpr int32_t kAffinitySecondsMax = 86400;
constexpr const char* kTopologyHints = "service.kubernetes.io/topology-aware-hints";
constexpr const char* kTopologyMode = "service.kubernetes.io/topology-mode";
constexpr const char* kSourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges";

const corev1::Service& as_service(const Message& object) { return static_cast<const corev1::Service&>(object); }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void validate_range(std::string_view text, const FieldPath& path, FieldErrors& errors) {
  const size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  int bits = -1;
  if (slash != text.npos) std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
  const int bits_max = address.find(':') == address.npos ? 32 : 128;
  if (slash != text.npos && ip_faults(address).empty() && bits >= 0 && bits <= bits_max) return;
  errors.invalid(path, quote(text), "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
}

// Addresses that are no one machine's.
void validate_outside_address(const std::string& text, const FieldPath& path, FieldErrors& errors) {
  const Faults faults = ip_faults(text);
  if (!faults.empty()) return add_faults(faults, path, quote(text), errors);
  in6_addr six{};
  in_addr four{};
  const bool is_four = inet_pton(AF_INET, text.c_str(), &four) == 1;
  if (!is_four) inet_pton(AF_INET6, text.c_str(), &six);
  const uint32_t bits = ntohl(four.s_addr);
  const auto refuse = [&](std::string_view why) { errors.invalid(path, quote(text), why); };
  if (is_four ? bits == 0 : IN6_IS_ADDR_UNSPECIFIED(&six)) refuse("may not be unspecified (" + text + ")");
  if (is_four ? bits >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&six)) refuse("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (is_four ? bits >> 16 == 0xa9fe : IN6_IS_ADDR_LINKLOCAL(&six))
    refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (is_four ? bits >> 8 == 0xe00000 : IN6_IS_ADDR_MC_LINKLOCAL(&six)) {
    refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}

void validate_external_name(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kWhy = "may not be set for ExternalName services";
  if (!spec.clusterips().empty()) errors.forbidden(path / "clusterIPs", kWhy);
  if (!spec.ipfamilies().empty()) errors.forbidden(path / "ipFamilies", kWhy);
  if (spec.has_ipfamilypolicy()) errors.forbidden(path / "ipFamilyPolicy", kWhy);
  std::string name = spec.externalname();
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return errors.required(path / "externalName");
  add_faults(dns_subdomain_faults(name), path / "externalName", quote(name), errors);
}

void validate_type(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.ports().empty() && !is_headless(spec) && needs_address(spec)) errors.required(path / "ports");
  if (uses_node_ports(spec) && is_headless(spec)) {
    errors.invalid((path / "clusterIPs").index(0), quote(kNoAddress), "may not be set to 'None' for " + spec.type() + " services");
  }
  if (!needs_address(spec)) validate_external_name(spec, path, errors);
}

void validate_port(const corev1::ServicePort& port, bool wants_name, std::set<std::string_view>& names, const FieldPath& path,
                   FieldErrors& errors) {
  if (!port.name().empty()) {
    add_faults(dns_label_faults(port.name()), path / "name", quote(port.name()), errors);
    if (!names.insert(port.name()).second) errors.duplicate(path / "name", quote(port.name()));
  } else if (wants_name) {
    errors.required(path / "name");
  }
  add_faults(port_number_faults(port.port()), path / "port", shown(port.port()), errors);
  validate_one_of(port.protocol(), kProtocols, path / "protocol", errors);
  const intstr::IntOrString& target = port.targetport();
  if (target.type() == 0) {
    add_faults(port_number_faults(target.intval()), path / "targetPort", shown(target.intval()), errors);
  } else {
    add_faults(port_name_faults(target.strval()), path / "targetPort", quote(target.strval()), errors);
  }
  if (port.has_appprotocol())
    add_faults(qualified_name_faults(port.appprotocol()), path / "appProtocol", quote(port.appprotocol()), errors);
}

// The same port twice, and the same node port twice.
void validate_ports_differ(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::pair<std::string_view, int32_t>> ports, node_ports;
  for (int i = 0; i < spec.ports_size(); ++i) {
    const corev1::ServicePort& port = spec.ports(i);
    if (spec.type() == "ClusterIP" && port.nodeport() != 0) {
      errors.forbidden(path.index(i) / "nodePort", "may not be used when `type` is 'ClusterIP'");
    }
    if (port.nodeport() != 0 && !node_ports.insert({port.protocol(), port.nodeport()}).second) {
      errors.duplicate(path.index(i) / "nodePort", shown(port.nodeport()));
    }
    if (!ports.insert({port.protocol(), port.port()}).second) {
      // Upstream shows its internal form with only these two set.
      errors.duplicate(path.index(i), "{\"Name\":\"\",\"Protocol\":" + quote(port.protocol()) +
                                          ",\"AppProtocol\":null,\"Port\":" + shown(port.port()) + ",\"TargetPort\":0,\"NodePort\":0}");
    }
  }
}

void validate_ports(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  for (int i = 0; i < spec.ports_size(); ++i) validate_port(spec.ports(i), spec.ports_size() > 1, names, path.index(i), errors);
  validate_ports_differ(spec, path, errors);
}

void validate_affinity(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  validate_one_of(spec.sessionaffinity(), kAffinities, path / "sessionAffinity", errors);
  const FieldPath at = path / "sessionAffinityConfig";
  if (spec.sessionaffinity() == "None" && spec.has_sessionaffinityconfig()) {
    errors.forbidden(at, "must not be set when session affinity is None");
  }
  if (spec.sessionaffinity() != "ClientIP") return;
  const int32_t seconds = spec.sessionaffinityconfig().clientip().timeoutseconds();
  if (seconds > 0 && seconds <= kAffinitySecondsMax) return;
  errors.invalid(at / "clientIP" / "timeoutSeconds", shown(seconds), "must be greater than 0 and less than 86400");
}

void validate_source_ranges(const corev1::Service& service, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kWhy = "may only be used when `type` is 'LoadBalancer'";
  const Spec& spec = service.spec();
  if (!spec.loadbalancersourceranges().empty()) {
    const FieldPath at = path / "LoadBalancerSourceRanges";
    if (!is_balanced(spec)) errors.forbidden(at, kWhy);
    for (int i = 0; i < spec.loadbalancersourceranges_size(); ++i) {
      validate_range(trimmed(spec.loadbalancersourceranges(i)), at.index(i), errors);
    }
    return;
  }
  const auto found = service.metadata().annotations().find(kSourceRanges);
  if (found == service.metadata().annotations().end()) return;
  const FieldPath at = FieldPath("metadata.annotations").key(kSourceRanges);
  if (!is_balanced(spec)) errors.forbidden(at, kWhy);
  for (std::string_view rest = trimmed(found->second); !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(','));
    validate_range(trimmed(one), at, errors);
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
}

void validate_balancer(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kWhy = "may only be used when `type` is 'LoadBalancer'";
  if (!is_balanced(spec)) {
    if (spec.has_allocateloadbalancernodeports()) errors.forbidden(path / "allocateLoadBalancerNodePorts", kWhy);
    if (spec.has_loadbalancerclass()) errors.forbidden(path / "loadBalancerClass", kWhy);
    return;
  }
  if (!spec.has_allocateloadbalancernodeports()) errors.required("allocateLoadBalancerNodePorts");
  if (spec.has_loadbalancerclass()) {
    add_faults(qualified_name_faults(spec.loadbalancerclass()), path / "loadBalancerClass", quote(spec.loadbalancerclass()), errors);
  }
}

void validate_traffic(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  const FieldPath external = path / "externalTrafficPolicy", health = path / "healthCheckNodePort";
  if (is_reached_from_outside(spec)) {
    validate_one_of(spec.externaltrafficpolicy(), kTrafficPolicies, external, errors);
  } else if (!spec.externaltrafficpolicy().empty()) {
    errors.invalid(external, quote(spec.externaltrafficpolicy()), "may only be set for externally-accessible services");
  }
  if (needs_health_check(spec)) {
    if (spec.healthchecknodeport() == 0) {
      errors.required(health);
    } else {
      add_faults(port_number_faults(spec.healthchecknodeport()), health, shown(spec.healthchecknodeport()), errors);
    }
  } else if (spec.healthchecknodeport() != 0) {
    errors.invalid(health, shown(spec.healthchecknodeport()),
                   "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  }
  const FieldPath internal = path / "internalTrafficPolicy";
  if (!spec.has_internaltrafficpolicy()) {
    if (uses_node_ports(spec) || spec.type() == "ClusterIP") errors.required(internal);
  } else if (std::ranges::find(kTrafficPolicies, spec.internaltrafficpolicy()) == std::end(kTrafficPolicies)) {
    errors.not_supported(internal, spec.internaltrafficpolicy(), kTrafficPolicies);
  }
  if (!spec.has_trafficdistribution()) return;
  if (std::ranges::find(kDistributions, spec.trafficdistribution()) == std::end(kDistributions)) {
    errors.not_supported(path / "trafficDistribution", spec.trafficdistribution(), kDistributions);
  }
}

void validate_topology(const corev1::Service& service, FieldErrors& errors) {
  const auto& annotations = service.metadata().annotations();
  const auto hints = annotations.find(kTopologyHints), mode = annotations.find(kTopologyMode);
  if (hints == annotations.end() || mode == annotations.end() || hints->second == mode->second) return;
  errors.invalid(FieldPath("metadata.annotations").key(kTopologyMode), quote(mode->second),
                 "must match annotations[" + std::string(kTopologyHints) + "] when both are specified");
}

}  // namespace

void validate_service(const Message& object, FieldErrors& errors) {
  const corev1::Service& service = as_service(object);
  const Spec& spec = service.spec();
  const FieldPath path("spec");
  validate_topology(service, errors);
  validate_type(spec, path, errors);
  validate_ports(spec, path / "ports", errors);
  validate_labels(spec.selector(), path / "selector", errors);
  validate_affinity(spec, path, errors);
  if (needs_address(spec)) validate_service_addresses(spec, errors);
  for (int i = 0; i < spec.externalips_size(); ++i) {
    validate_outside_address(spec.externalips(i), (path / "externalIPs").index(i), errors);
  }
  validate_one_of(spec.type(), kTypes, path / "type", errors);
  validate_source_ranges(service, path, errors);
  validate_balancer(spec, path, errors);
  validate_traffic(spec, path, errors);
}

void validate_service_status(const Message& next, const Message&, FieldErrors& errors) {
  const auto& ingress = as_service(next).status().loadbalancer().ingress();
  const FieldPath path("status.loadBalancer.ingress");
  if (!is_balanced(as_service(next).spec()) && !ingress.empty()) {
    return errors.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
  }
  for (int i = 0; i < ingress.size(); ++i) {
    const corev1::LoadBalancerIngress& one = ingress[i];
    const FieldPath mode = path.index(i) / "ipMode";
    if (!one.ip().empty()) add_faults(ip_faults(one.ip()), path.index(i) / "ip", quote(one.ip()), errors);
    if (!one.has_ipmode()) {
      if (!one.ip().empty()) errors.required(mode, "must be specified when `ip` is set");
    } else if (one.ip().empty()) {
      errors.forbidden(mode, "may not be specified when `ip` is not set");
    } else if (std::ranges::find(kIpModes, one.ipmode()) == std::end(kIpModes)) {
      errors.not_supported(mode, one.ipmode(), kIpModes);
    }
    if (one.hostname().empty()) continue;
    const FieldPath host = path.index(i) / "hostname";
    add_faults(dns_subdomain_faults(one.hostname()), host, quote(one.hostname()), errors);
    if (ip_faults(one.hostname()).empty()) errors.invalid(host, quote(one.hostname()), "must be a DNS name, not an IP address");
  }
}

}  // namespace stint::core
