// Service. Stored and listed; nothing here routes traffic. Source: upstream's pkg/registry/core/service/strategy.go and its printer.
#include <algorithm>
#include <set>

#include "api/core/rules.h"
#include "api/core/service_type.h"
#include "api/core/service_validation.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

corev1::Service& as_service(Message& object) { return static_cast<corev1::Service&>(object); }
const corev1::Service& as_service(const Message& object) { return static_cast<const corev1::Service&>(object); }

constexpr int32_t kAffinitySeconds = 10800;

void set_affinity_defaults(corev1::ServiceSpec& spec) {
  if (spec.sessionaffinity().empty()) spec.set_sessionaffinity("None");
  if (spec.sessionaffinity() == "None") spec.clear_sessionaffinityconfig();
  if (spec.sessionaffinity() != "ClientIP" || spec.sessionaffinityconfig().clientip().has_timeoutseconds()) return;
  spec.mutable_sessionaffinityconfig()->mutable_clientip()->set_timeoutseconds(kAffinitySeconds);
}

void set_port_defaults(corev1::ServicePort& port) {
  if (port.protocol().empty()) port.set_protocol("TCP");
  const intstr::IntOrString& target = port.targetport();
  if (target.type() == 0 ? target.intval() != 0 : !target.strval().empty()) return;
  port.mutable_targetport()->set_type(0);
  port.mutable_targetport()->set_intval(port.port());
  port.mutable_targetport()->clear_strval();
}

void set_defaults(Message& object) {
  corev1::Service& service = as_service(object);
  corev1::ServiceSpec& spec = *service.mutable_spec();
  set_affinity_defaults(spec);
  if (spec.type().empty()) spec.set_type("ClusterIP");
  for (corev1::ServicePort& port : *spec.mutable_ports()) set_port_defaults(port);
  if (is_reached_from_outside(spec) && spec.externaltrafficpolicy().empty()) spec.set_externaltrafficpolicy("Cluster");
  if (!spec.has_internaltrafficpolicy() && (uses_node_ports(spec) || spec.type() == "ClusterIP")) spec.set_internaltrafficpolicy("Cluster");
  if (!is_balanced(spec)) return;
  if (!spec.has_allocateloadbalancernodeports()) spec.set_allocateloadbalancernodeports(true);
  if (!service.has_status()) return;
  for (corev1::LoadBalancerIngress& one : *service.mutable_status()->mutable_loadbalancer()->mutable_ingress()) {
    if (!one.ip().empty() && !one.has_ipmode()) one.set_ipmode("VIP");
  }
}

void prepare_create(Message& object) { as_service(object).clear_status(); }

// No node port that was not there before.
bool no_new_node_ports(const corev1::ServiceSpec& next, const corev1::ServiceSpec& old) {
  std::set<int32_t> ports;
  for (const corev1::ServicePort& port : old.ports()) ports.insert(port.nodeport());
  return std::ranges::all_of(next.ports(), [&](const auto& port) { return port.nodeport() == 0 || ports.contains(port.nodeport()); });
}

// Fields that meant something for the old type, and mean nothing for the new one, go where the client left them as they were; where it
// changed them too, validation tells it.
void drop_address_fields(corev1::ServiceSpec& next, const corev1::ServiceSpec& old) {
  if (!needs_address(old) || needs_address(next)) return;
  if (same_addresses(old, next)) {
    next.clear_clusterip();
    next.clear_clusterips();
  }
  if (same_list(old.ipfamilies(), next.ipfamilies())) next.clear_ipfamilies();
  if (old.ipfamilypolicy() == next.ipfamilypolicy()) next.clear_ipfamilypolicy();
}

void drop_fields_of_old_type(corev1::ServiceSpec& next, const corev1::ServiceSpec& old) {
  drop_address_fields(next, old);
  if (uses_node_ports(old) && !uses_node_ports(next) && no_new_node_ports(next, old)) {
    for (corev1::ServicePort& port : *next.mutable_ports()) port.clear_nodeport();
  }
  if (needs_health_check(old) && !needs_health_check(next) && old.healthchecknodeport() == next.healthchecknodeport()) {
    next.clear_healthchecknodeport();
  }
  if (is_balanced(old) && !is_balanced(next)) {
    if (next.has_allocateloadbalancernodeports() && old.has_allocateloadbalancernodeports() &&
        next.allocateloadbalancernodeports() == old.allocateloadbalancernodeports()) {
      next.clear_allocateloadbalancernodeports();
    }
    if (next.has_loadbalancerclass() && next.loadbalancerclass() == old.loadbalancerclass()) next.clear_loadbalancerclass();
  }
  if (is_reached_from_outside(old) && !is_reached_from_outside(next) && old.externaltrafficpolicy() == next.externaltrafficpolicy()) {
    next.clear_externaltrafficpolicy();
  }
}

void prepare_update(Message& next, const Message& old) {
  *as_service(next).mutable_status() = as_service(old).status();
  drop_fields_of_old_type(*as_service(next).mutable_spec(), as_service(old).spec());
  if (!is_balanced(as_service(next).spec())) as_service(next).mutable_status()->clear_loadbalancer();
}

void warn(const Message& next, const Message*, std::vector<std::string>& warnings) {
  const corev1::ServiceSpec& spec = as_service(next).spec();
  if (is_headless(spec)) {
    if (!spec.loadbalancerip().empty()) warnings.emplace_back("spec.loadBalancerIP is ignored for headless services");
    if (!spec.externalips().empty()) warnings.emplace_back("spec.externalIPs is ignored for headless services");
    if (spec.sessionaffinity() != "None") warnings.emplace_back("spec.SessionAffinity is ignored for headless services");
  } else if (!spec.externalips().empty() && needs_address(spec)) {
    warnings.emplace_back("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  }
  if (!needs_address(spec) && !spec.externalips().empty()) {
    warnings.emplace_back("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
  }
  if (needs_address(spec) && !spec.externalname().empty()) {
    warnings.emplace_back("spec.externalName is ignored when spec.type is not \"ExternalName\"");
  }
  if (spec.trafficdistribution() == "PreferClose") {
    warnings.emplace_back("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
  }
}

void prepare_status_update(Message& next, const Message& old) { *as_service(next).mutable_spec() = as_service(old).spec(); }

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the Service, unique in its namespace."},
    {.name = "Type", .description = "Who can reach it."},
    {.name = "Cluster-IP", .description = "Its virtual address."},
    {.name = "External-IP", .description = "Addresses outside."},
    {.name = "Port(s)", .description = "Ports and protocols."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "Selector", .priority = 1, .description = "Labels of the pods behind it."},
};

std::string ports_of(const corev1::ServiceSpec& spec) {
  std::string text;
  for (const auto& port : spec.ports()) {
    text += (text.empty() ? "" : ",") + std::to_string(port.port());
    if (port.nodeport() != 0) text += ":" + std::to_string(port.nodeport());
    text += "/" + port.protocol();
  }
  return or_none(text);
}

template <class Texts>
std::string joined(const Texts& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + text;
  return out;
}

std::string balancer_of(const corev1::ServiceStatus& status) {
  std::set<std::string> addresses;
  for (const corev1::LoadBalancerIngress& one : status.loadbalancer().ingress()) {
    const std::string& address = one.ip().empty() ? one.hostname() : one.ip();
    if (!address.empty()) addresses.insert(address);
  }
  return joined(addresses);
}

std::string external_of(const corev1::Service& service) {
  const corev1::ServiceSpec& spec = service.spec();
  const std::string own = joined(spec.externalips());
  if (spec.type() == "ClusterIP" || spec.type() == "NodePort") return or_none(own);
  if (spec.type() == "ExternalName") return spec.externalname();
  if (spec.type() != "LoadBalancer") return std::string(kUnknown);
  const std::string balancer = balancer_of(service.status());
  if (own.empty()) return balancer.empty() ? "<pending>" : balancer;
  return balancer.empty() ? own : balancer + "," + own;
}

void row(const Message& object, WallTime now, Row& row) {
  const corev1::Service& service = as_service(object);
  const corev1::ServiceSpec& spec = service.spec();
  row.cells = {meta(object).name(),         spec.type(),    spec.clusterips().empty() ? std::string(kNone) : spec.clusterips(0),
               external_of(service),        ports_of(spec), age_of(object, now),
               labels_text(spec.selector())};
}

constexpr SelectableField kFields[] = {
    {"spec.clusterIP", [](const Message& o) { return as_service(o).spec().clusterip(); }},
    {"spec.type", [](const Message& o) { return as_service(o).spec().type(); }},
};

}  // namespace

constinit const Rules kServiceRules = {
    .set_defaults = set_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate_service,
    .validate_update = validate_service_update,
    .validate_status = validate_service_status,
    .warn = warn,
    .validate_name = name_is_dns_label,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
