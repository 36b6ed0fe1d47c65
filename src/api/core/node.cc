// Node. Source: upstream's pkg/registry/core/node/strategy.go and its printer.
#include <algorithm>
#include <map>
#include <set>

#include "api/core/resource_names.h"
#include "api/core/rules.h"
#include "api/internal_form.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";
constexpr std::string_view kTaintEffects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute"};

corev1::Node& as_node(Message& object) { return static_cast<corev1::Node&>(object); }
const corev1::Node& as_node(const Message& object) { return static_cast<const corev1::Node&>(object); }

// A field with the old and the new form of its content has both.
void set_range_defaults(corev1::NodeSpec& spec) {
  if (spec.podcidrs().empty() && !spec.podcidr().empty()) spec.add_podcidrs(spec.podcidr());
  if (!spec.podcidrs().empty()) spec.set_podcidr(spec.podcidrs(0));
}

void set_defaults(Message& object) {
  corev1::Node& node = as_node(object);
  set_range_defaults(*node.mutable_spec());
  if (!node.has_status() || !node.status().allocatable().empty()) return;
  *node.mutable_status()->mutable_allocatable() = node.status().capacity();
}

void prepare_update(Message& next, const Message& old) { *as_node(next).mutable_status() = as_node(old).status(); }
void prepare_status_update(Message& next, const Message& old) { *as_node(next).mutable_spec() = as_node(old).spec(); }

void validate_taints(const corev1::Node& node, FieldErrors& errors) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < node.spec().taints_size(); ++i) {
    const corev1::Taint& taint = node.spec().taints(i);
    FieldPath path = FieldPath("metadata.taints").index(i);  // where upstream looks for them in its messages
    add_faults(qualified_name_faults(taint.key()), path / "key", quote(taint.key()), errors);
    add_faults(label_value_faults(taint.value()), path / "value", quote(taint.value()), errors);
    if (taint.effect().empty()) {
      errors.required(path / "effect");
    } else if (std::ranges::find(kTaintEffects, taint.effect()) == std::end(kTaintEffects)) {
      errors.not_supported(path / "effect", taint.effect(), kTaintEffects);
    }
    if (seen.insert({taint.key(), taint.effect()}).second) continue;
    errors.add(
        {"FieldValueDuplicate", "Duplicate value: " + internal_text(taint) + ": taints must be unique by key and effect pair", path});
  }
}

void validate_amounts(const google::protobuf::Map<std::string, resource::Quantity>& list, const FieldPath& path, FieldErrors& errors) {
  const std::map<std::string, resource::Quantity> sorted(list.begin(), list.end());
  for (const auto& [name, quantity] : sorted) validate_quantity(name, quantity, path / name, errors);
}

void validate_always(const corev1::Node& node, FieldErrors& errors) {
  validate_amounts(node.status().capacity(), FieldPath("status.capacity"), errors);
  validate_amounts(node.status().allocatable(), FieldPath("status.allocatable"), errors);
}

void validate_ranges(const corev1::NodeSpec& spec, FieldErrors& errors) {
  const FieldPath path("spec.podCIDRs");
  int of_v6 = 0;
  for (int i = 0; i < spec.podcidrs_size(); ++i) {
    add_faults(cidr_faults(spec.podcidrs(i)), path.index(i), quote(spec.podcidrs(i)), errors);
    of_v6 += spec.podcidrs(i).find(':') != std::string::npos;
  }
  const bool one_of_each = spec.podcidrs_size() == 2 && of_v6 == 1;
  if (spec.podcidrs_size() < 2 || one_of_each) return;
  std::string list;
  for (const std::string& range : spec.podcidrs()) list += (list.empty() ? "" : ",") + quote(range);
  errors.invalid(path, "[" + list + "]", "may specify no more than one CIDR for each IP family");
}

void validate(const Message& object, FieldErrors& errors) {
  validate_taints(as_node(object), errors);
  validate_always(as_node(object), errors);
  validate_ranges(as_node(object).spec(), errors);
}

void validate_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const corev1::NodeSpec& next = as_node(next_object).spec();
  const corev1::NodeSpec& old = as_node(old_object).spec();
  validate_always(as_node(next_object), errors);
  // Both may be given once, later than the node.
  if (!old.podcidrs().empty() && !std::ranges::equal(old.podcidrs(), next.podcidrs())) {
    errors.forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
  }
  if (!old.providerid().empty() && next.providerid() != old.providerid()) {
    errors.invalid("spec.providerID", "null",
                   next.providerid().empty() ? "field cannot be cleared once set" : "field cannot be modified once set");
  }
  validate_taints(as_node(next_object), errors);
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
