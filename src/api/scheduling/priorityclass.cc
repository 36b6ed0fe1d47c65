// PriorityClass. Source: upstream's pkg/apis/scheduling and its printer.
#include <algorithm>

#include "api/field_path.h"
#include "api/immutable_field.h"
#include "api/scheduling/rules.h"
#include "api/table_cells.h"

namespace stint::scheduling {
namespace {

schedulingv1::PriorityClass& as_class(Message& object) { return static_cast<schedulingv1::PriorityClass&>(object); }
const schedulingv1::PriorityClass& as_class(const Message& object) { return static_cast<const schedulingv1::PriorityClass&>(object); }

void set_defaults(Message& object) {
  if (!as_class(object).has_preemptionpolicy()) as_class(object).set_preemptionpolicy("PreemptLowerPriority");
}

constexpr std::string_view kSystemPrefix = "system-";
constexpr std::string_view kPolicies[] = {"PreemptLowerPriority", "Never"};

// Why it is none of the system's own classes; empty if it is one.
std::string system_fault(const schedulingv1::PriorityClass& one) {
  const std::string& name = one.metadata().name();
  const auto known = std::ranges::find(kSystemClasses, name, &SystemClass::name);
  if (known == std::end(kSystemClasses)) return name + " is not a known system priority class";
  if (known->value != one.value()) return "value of " + name + " PriorityClass must be " + std::to_string(known->value);
  return one.globaldefault() ? "globalDefault of " + name + " PriorityClass must be false" : "";
}

void validate(const Message& object, FieldErrors& errors) {
  const schedulingv1::PriorityClass& one = as_class(object);
  if (one.metadata().name().starts_with(kSystemPrefix)) {
    const std::string fault = system_fault(one);
    if (!fault.empty()) {
      errors.forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only. error: " + fault);
    }
  } else if (one.value() > kUserPriorityMax) {
    errors.forbidden("value", "maximum allowed value of a user defined priority is " + std::to_string(kUserPriorityMax));
  }
  if (!one.has_preemptionpolicy()) return;
  if (one.preemptionpolicy().empty()) {
    errors.required("preemptionPolicy");
  } else if (std::ranges::find(kPolicies, one.preemptionpolicy()) == std::end(kPolicies)) {
    errors.not_supported("preemptionPolicy", one.preemptionpolicy(), kPolicies);
  }
}

void validate_update(const Message& next, const Message& old, FieldErrors& errors) {
  if (as_class(next).value() != as_class(old).value()) errors.forbidden("value", "may not be changed in an update.");
  validate_immutable_field(next, old, "preemptionPolicy", FieldPath(), errors);
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the class."},
    {.name = "Value", .type = "integer", .description = "The priority that it stands for."},
    {.name = "Global-Default", .type = "boolean", .description = "Whether pods that name no class get this one."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "PreemptionPolicy", .description = "Whether its pods may push others off a node."},
};

void row(const Message& object, WallTime now, Row& row) {
  const schedulingv1::PriorityClass& one = as_class(object);
  row.cells = {meta(object).name(), Cell::integer(one.value()), Cell::boolean(one.globaldefault()), age_of(object, now),
               one.preemptionpolicy()};
}

}  // namespace

constinit const Rules kPriorityClassRules = {
    .set_defaults = set_defaults,
    .validate = validate,
    .validate_update = validate_update,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::scheduling
