// Role and ClusterRole. Source: upstream's pkg/apis/rbac/validation/validation.go.
#include "api/rbac/rules.h"
#include "api/table_cells.h"

namespace stint::rbac {

constinit const Rules kRoleRules = {
    .columns = kPlainColumns,
    .row = plain_row,
};

constinit const Rules kClusterRoleRules = {
    .columns = kPlainColumns,
    .row = plain_row,
};

}  // namespace stint::rbac
