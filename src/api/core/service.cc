// Service, as far as clients must be able to read the one that stands for this API: nothing here routes traffic, so none can be created.
#include "api/core/rules.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

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
  return std::string(or_none(text));
}

std::string selector_of(const corev1::ServiceSpec& spec) {
  const std::map<std::string, std::string> sorted(spec.selector().begin(), spec.selector().end());
  std::string text;
  for (const auto& [key, value] : sorted) text += (text.empty() ? "" : ",") + key + "=" + value;
  return std::string(or_none(text));
}

void row(const Message& object, WallTime now, Row& row) {
  const auto& spec = static_cast<const corev1::Service&>(object).spec();
  row.cells = {meta(object).name(), spec.type(),      std::string(or_none(spec.clusterip())), std::string(kNone), ports_of(spec),
               age_of(object, now), selector_of(spec)};
}

}  // namespace

constinit const Rules kServiceRules = {.columns = kColumns, .row = row};

}  // namespace stint::core
