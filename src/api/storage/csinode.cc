// CSINode: what a kubelet tells of the volume drivers on its node. Source: upstream's pkg/apis/storage/validation and printer.
#include <set>

#include "api/json.h"
#include "api/names.h"
#include "api/storage/rules.h"
#include "api/table_cells.h"

namespace stint::storage {
namespace {

constexpr size_t kNodeIdBytesMax = 256;

const storagev1::CSINodeSpec& spec_of(const Message& object) { return static_cast<const storagev1::CSINode&>(object).spec(); }

void validate_driver(const storagev1::CSINodeDriver& driver, const FieldPath& path, FieldErrors& errors) {
  if (driver.name().empty()) errors.required(path / "name");
  if (!driver.name().empty()) add_faults(dns_subdomain_faults(driver.name()), path / "name", quote(driver.name()), errors);
  if (driver.nodeid().empty()) errors.required(path / "nodeID");
  if (driver.nodeid().size() > kNodeIdBytesMax) errors.invalid(path / "nodeID", quote(driver.nodeid()), "must be 256 characters or less");
  if (driver.allocatable().count() < 0) {
    errors.invalid(path / "allocatable" / "count", shown(driver.allocatable().count()), "must be greater than or equal to 0");
  }
  std::set<std::string> keys;
  for (const std::string& key : driver.topologykeys()) {
    if (key.empty()) errors.required(path);
    if (!keys.insert(key).second) errors.duplicate(path, quote(key));
    add_faults(qualified_name_faults(key), path, quote(key), errors);
  }
}

void validate(const Message& object, FieldErrors& errors) {
  const FieldPath path = FieldPath("spec") / "drivers";
  std::set<std::string> names;
  for (int i = 0; i < spec_of(object).drivers_size(); ++i) {
    const auto& driver = spec_of(object).drivers(i);
    validate_driver(driver, path.index(static_cast<size_t>(i)), errors);
    if (!names.insert(driver.name()).second) errors.duplicate(path.index(static_cast<size_t>(i)) / "name", quote(driver.name()));
  }
}

// A driver that stays is the same, but for how many volumes it takes.
void validate_update(const Message& next, const Message& old, FieldErrors& errors) {
  validate(next, errors);
  const auto without_count = [](storagev1::CSINodeDriver driver) {
    driver.clear_allocatable();
    return json::encode(driver);
  };
  for (const auto& was : spec_of(old).drivers()) {
    for (const auto& is : spec_of(next).drivers()) {
      if (is.name() != was.name() || without_count(is) == without_count(was)) continue;
      errors.invalid("spec.drivers", without_count(is), "field is immutable");
    }
  }
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the node."},
    {.name = "Drivers", .type = "integer", .description = "How many drivers it has."},
    {.name = "Age", .description = "Time since creation."},
};

void row(const Message& object, WallTime now, Row& row) {
  row.cells = {meta(object).name(), Cell::integer(spec_of(object).drivers_size()), age_of(object, now)};
}

}  // namespace

constinit const Rules kCSINodeRules = {.validate = validate, .validate_update = validate_update, .columns = kColumns, .row = row};

}  // namespace stint::storage
