// LimitRange. Source: upstream's pkg/apis/core/validation/validation.go.
#include "api/core/rules.h"
#include "api/table_cells.h"

namespace stint::core {

constinit const Rules kLimitRangeRules = {
    .columns = kPlainColumns,
    .row = plain_row,
};

}  // namespace stint::core
