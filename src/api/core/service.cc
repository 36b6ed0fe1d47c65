// Service. Stored and listed; nothing here routes traffic. Source: upstream's pkg/registry/core/service/strategy.go and its printer.
#include <set>

#include "api/core/rules.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

corev1::Service& as_service(Message& object) { return static_cast<corev1::Service&>(object); }
const corev1::Service& as_service(const Message& object) { return static_cast<const corev1::Service&>(object); }

void prepare_create(Message& object) { as_service(object).clear_status(); }
void prepare_update(Message& next, const Message& old) { *as_service(next).mutable_status() = as_service(old).status(); }
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
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate_name = name_is_dns_label,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
