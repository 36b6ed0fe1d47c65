// PriorityClass. Source: upstream's pkg/apis/scheduling and its printer.
#include "api/scheduling/rules.h"
#include "api/table_cells.h"

namespace stint::scheduling {
namespace {

schedulingv1::PriorityClass& as_class(Message& object) { return static_cast<schedulingv1::PriorityClass&>(object); }
const schedulingv1::PriorityClass& as_class(const Message& object) { return static_cast<const schedulingv1::PriorityClass&>(object); }

void set_defaults(Message& object) {
  if (!as_class(object).has_preemptionpolicy()) as_class(object).set_preemptionpolicy("PreemptLowerPriority");
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
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::scheduling
