// PodDisruptionBudget. Source: upstream's pkg/registry/policy/poddisruptionbudget/strategy.go and its printer.
#include "api/policy/rules.h"
#include "api/table_cells.h"

namespace stint::policy {
namespace {

using Budget = policyv1::PodDisruptionBudget;

Budget& as_budget(Message& object) { return static_cast<Budget&>(object); }
const Budget& as_budget(const Message& object) { return static_cast<const Budget&>(object); }

void prepare_create(Message& object) { as_budget(object).clear_status(); }
void prepare_update(Message& next, const Message& old) { *as_budget(next).mutable_status() = as_budget(old).status(); }
void prepare_status_update(Message& next, const Message& old) { *as_budget(next).mutable_spec() = as_budget(old).spec(); }

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the budget, unique in its namespace."},
    {.name = "Min Available", .description = "How many pods must stay up."},
    {.name = "Max Unavailable", .description = "How many pods may be down."},
    {.name = "Allowed Disruptions", .type = "integer", .description = "How many may go now."},
    {.name = "Age", .description = "Time since creation."},
};

std::string amount_text(bool is_set, const intstr::IntOrString& amount) {
  if (!is_set) return "N/A";
  return amount.type() == 0 ? std::to_string(amount.intval()) : amount.strval();
}

void row(const Message& object, WallTime now, Row& row) {
  const policyv1::PodDisruptionBudgetSpec& spec = as_budget(object).spec();
  row.cells = {meta(object).name(), amount_text(spec.has_minavailable(), spec.minavailable()),
               amount_text(spec.has_maxunavailable(), spec.maxunavailable()),
               Cell::integer(as_budget(object).status().disruptionsallowed()), age_of(object, now)};
}

}  // namespace

constinit const Rules kPodDisruptionBudgetRules = {
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::policy
