// Lease. Source: upstream's pkg/apis/coordination/validation.
#include "api/coordination/rules.h"
#include "api/field_path.h"
#include "api/table_cells.h"

namespace stint::coordination {
namespace {

const coordinationv1::LeaseSpec& spec_of(const Message& object) { return static_cast<const coordinationv1::Lease&>(object).spec(); }

// Coordinated election of leaders is off in upstream too, unless it is asked for.
void drop_disabled(Message& object) {
  coordinationv1::LeaseSpec& spec = *static_cast<coordinationv1::Lease&>(object).mutable_spec();
  spec.clear_strategy();
  spec.clear_preferredholder();
}
void prepare_update(Message& next, const Message&) { drop_disabled(next); }

void validate(const Message& object, FieldErrors& errors) {
  const coordinationv1::LeaseSpec& spec = spec_of(object);
  if (spec.has_leasedurationseconds() && spec.leasedurationseconds() <= 0) {
    errors.invalid("spec.leaseDurationSeconds", shown(spec.leasedurationseconds()), "must be greater than 0");
  }
  if (spec.has_leasetransitions() && spec.leasetransitions() < 0) {
    errors.invalid("spec.leaseTransitions", shown(spec.leasetransitions()), "must be greater than or equal to 0");
  }
}

void validate_update(const Message& next, const Message&, FieldErrors& errors) { validate(next, errors); }

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the lease, unique in its namespace."},
    {.name = "Holder", .description = "Who holds the lease."},
    {.name = "Age", .description = "Time since creation."},
};

void row(const Message& object, WallTime now, Row& row) {
  row.cells = {meta(object).name(), spec_of(object).holderidentity(), age_of(object, now)};
}

}  // namespace

constinit const Rules kLeaseRules = {
    .prepare_create = drop_disabled,
    .prepare_update = prepare_update,
    .validate = validate,
    .validate_update = validate_update,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::coordination
