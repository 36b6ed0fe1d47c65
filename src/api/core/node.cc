// Node. Source: upstream's pkg/registry/core/node/strategy.go and its printer.
#include <set>

#include "api/core/rules.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";
constexpr std::string_view kTaintEffects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute"};

corev1::Node& as_node(Message& object) { return static_cast<corev1::Node&>(object); }
const corev1::Node& as_node(const Message& object) { return static_cast<const corev1::Node&>(object); }

void set_defaults(Message& object) {
  corev1::Node& node = as_node(object);
  if (!node.has_status() || !node.status().allocatable().empty()) return;
  *node.mutable_status()->mutable_allocatable() = node.status().capacity();
}

void prepare_update(Message& next, const Message& old) { *as_node(next).mutable_status() = as_node(old).status(); }
void prepare_status_update(Message& next, const Message& old) { *as_node(next).mutable_spec() = as_node(old).spec(); }

void validate_taints(const corev1::Node& node, FieldErrors& errors) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < node.spec().taints_size(); ++i) {
    const corev1::Taint& taint = node.spec().taints(i);
    FieldPath path = FieldPath("spec.taints").index(i);
    add_faults(qualified_name_faults(taint.key()), path / "key", quote(taint.key()), errors);
    add_faults(label_value_faults(taint.value()), path / "value", quote(taint.value()), errors);
    if (taint.effect().empty()) {
      errors.required(path / "effect");
    } else if (std::ranges::find(kTaintEffects, taint.effect()) == std::end(kTaintEffects)) {
      errors.not_supported(path / "effect", taint.effect(), kTaintEffects);
    }
    if (!seen.insert({taint.key(), taint.effect()}).second) errors.duplicate(path, quote(taint.key() + ":" + taint.effect()));
  }
}

void validate(const Message& object, FieldErrors& errors) { validate_taints(as_node(object), errors); }

void validate_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  validate(next_object, errors);
  const corev1::NodeSpec& next = as_node(next_object).spec();
  const corev1::NodeSpec& old = as_node(old_object).spec();
  // Both may be given once, later than the node.
  if (!old.podcidr().empty() && next.podcidr() != old.podcidr()) {
    errors.forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
  }
  if (!old.providerid().empty() && next.providerid() != old.providerid()) {
    errors.forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
  }
}

std::string status_text(const corev1::Node& node) {
  std::string text = "Unknown";
  for (const corev1::NodeCondition& condition : node.status().conditions()) {
    if (condition.type() == "Ready") text = condition.status() == "True" ? "Ready" : "NotReady";
  }
  if (node.spec().unschedulable()) text += ",SchedulingDisabled";
  return text;
}

std::string roles(const corev1::Node& node) {
  std::set<std::string> names;
  for (const auto& [key, value] : node.metadata().labels()) {
    if (key.starts_with(kRolePrefix) && key.size() > kRolePrefix.size()) names.insert(key.substr(kRolePrefix.size()));
    if (key == "kubernetes.io/role" && !value.empty()) names.insert(value);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return or_none(text);
}

std::string address(const corev1::Node& node, std::string_view type) {
  for (const corev1::NodeAddress& one : node.status().addresses()) {
    if (one.type() == type) return one.address();
  }
  return std::string(kNone);
}

std::string or_unknown(const std::string& text) { return text.empty() ? std::string(kUnknown) : text; }

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the node."},
    {.name = "Status", .description = "Whether the node is ready and takes new pods."},
    {.name = "Roles", .description = "Roles that the node's labels give it."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "Version", .description = "Version of the node agent."},
    {.name = "Internal-IP", .priority = 1, .description = "Address inside the cluster."},
    {.name = "External-IP", .priority = 1, .description = "Address outside the cluster."},
    {.name = "OS-Image", .priority = 1, .description = "Operating system."},
    {.name = "Kernel-Version", .priority = 1, .description = "Kernel and processor architecture."},
    {.name = "Container-Runtime", .priority = 1, .description = "Container runtime and its version."},
};

void row(const Message& object, WallTime now, Row& row) {
  const corev1::Node& node = as_node(object);
  const corev1::NodeSystemInfo& info = node.status().nodeinfo();
  std::string kernel = or_unknown(info.kernelversion());
  if (!info.architecture().empty()) kernel += " (" + info.architecture() + ")";
  row.cells = {node.metadata().name(),
               status_text(node),
               roles(node),
               age_of(node, now),
               info.kubeletversion(),
               address(node, "InternalIP"),
               address(node, "ExternalIP"),
               or_unknown(info.osimage()),
               kernel,
               or_unknown(info.containerruntimeversion())};
}

constexpr SelectableField kFields[] = {
    {"spec.unschedulable", [](const Message& o) { return std::string(as_node(o).spec().unschedulable() ? "true" : "false"); }},
};

}  // namespace

constinit const Rules kNodeRules = {
    .set_defaults = set_defaults,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate,
    .validate_update = validate_update,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
