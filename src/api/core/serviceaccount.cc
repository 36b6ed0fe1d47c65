// ServiceAccount: metadata and two lists of names; no rule of its own.
#include "api/core/rules.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the account, unique in its namespace."},
    {.name = "Age", .description = "Time since creation."},
};

void row(const Message& object, WallTime now, Row& row) { row.cells = {meta(object).name(), age_of(object, now)}; }

}  // namespace

constinit const Rules kServiceAccountRules = {.columns = kColumns, .row = row};

}  // namespace stint::core
