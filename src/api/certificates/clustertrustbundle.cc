// ClusterTrustBundle. Source: upstream's pkg/apis/certificates/validation and its printer.
#include "api/certificates/rules.h"
#include "api/table_cells.h"

namespace stint::certificates {
namespace {

const certificatesv1::ClusterTrustBundle& as_bundle(const Message& object) {
  return static_cast<const certificatesv1::ClusterTrustBundle&>(object);
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the bundle."},
    {.name = "SignerName", .description = "The signer whose certificates it holds."},
};

void row(const Message& object, WallTime, Row& row) { row.cells = {meta(object).name(), or_none(as_bundle(object).spec().signername())}; }

constexpr SelectableField kFields[] = {
    {"spec.signerName", [](const Message& o) { return as_bundle(o).spec().signername(); }},
};

}  // namespace

constinit const Rules kClusterTrustBundleRules = {
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::certificates
