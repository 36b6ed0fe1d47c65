// ConfigMap. Source: upstream's pkg/apis/core/validation.
#include "api/core/rules.h"
#include "api/equality.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr size_t kDataBytesMax = 1024 * 1024;

const corev1::ConfigMap& as_map(const Message& object) { return static_cast<const corev1::ConfigMap&>(object); }

void validate(const Message& object, FieldErrors& errors) {
  const corev1::ConfigMap& map = as_map(object);
  size_t bytes = 0;
  for (const auto& [key, value] : map.data()) {
    bytes += value.size();
    FieldPath path = FieldPath("data").key(key);
    add_faults(config_key_faults(key), path, quote(key), errors);
    if (map.binarydata().contains(key)) errors.invalid(path, quote(key), "duplicate of key present in binaryData");
  }
  for (const auto& [key, value] : map.binarydata()) {
    bytes += value.size();
    add_faults(config_key_faults(key), FieldPath("binaryData").key(key), quote(key), errors);
  }
  if (bytes > kDataBytesMax) errors.too_long("[]", kDataBytesMax);  // the whole, as upstream calls it
}

// What is immutable stays so, to spare its readers the watch.
void validate_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const corev1::ConfigMap& next = as_map(next_object);
  const corev1::ConfigMap& old = as_map(old_object);
  if (old.immutable()) {
    constexpr std::string_view kWhy = "field is immutable when `immutable` is set";
    if (!next.immutable()) errors.forbidden("immutable", kWhy);
    if (!semantically_equal_field(next, old, next.GetDescriptor()->FindFieldByName("data"))) errors.forbidden("data", kWhy);
    if (!semantically_equal_field(next, old, next.GetDescriptor()->FindFieldByName("binaryData"))) errors.forbidden("binaryData", kWhy);
  }
  validate(next_object, errors);
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the ConfigMap, unique in its namespace."},
    {.name = "Data", .description = "Number of keys."},
    {.name = "Age", .description = "Time since creation."},
};

void row(const Message& object, WallTime now, Row& row) {
  const corev1::ConfigMap& map = as_map(object);
  row.cells = {map.metadata().name(), Cell::integer(static_cast<int64_t>(map.data().size() + map.binarydata().size())), age_of(map, now)};
}

}  // namespace

constinit const Rules kConfigMapRules = {
    .validate = validate,
    .validate_update = validate_update,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::core
