#include "api/absent_kinds.h"

#include "api/table_cells.h"

namespace stint {
namespace {

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the object."},
    {.name = "Created At", .type = "date", .description = "When it was made."},
};

void row(const Message& object, WallTime, Row& row) { row.cells = {meta(object).name(), ""}; }

std::string read_nothing(const Message&) { return ""; }
constexpr SelectableField kNodeField[] = {{"spec.nodeName", read_nothing}};

}  // namespace

constinit const Rules kAbsentRules = {.columns = kColumns, .row = row};
constinit const Rules kAbsentOfNodeRules = {.columns = kColumns, .row = row, .fields = kNodeField};

}  // namespace stint
