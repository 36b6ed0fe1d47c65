// ResourceQuota. Source: upstream's pkg/registry/core/resourcequota/strategy.go, its validation and its printer.
#include <map>

#include "api/core/resource_names.h"
#include "api/core/resourcequota_validation.h"
#include "api/core/rules.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

corev1::ResourceQuota& as_quota(Message& object) { return static_cast<corev1::ResourceQuota&>(object); }
const corev1::ResourceQuota& as_quota(const Message& object) { return static_cast<const corev1::ResourceQuota&>(object); }

void set_defaults(Message& object) {
  corev1::ResourceQuota& quota = as_quota(object);
  round_to_milli(*quota.mutable_spec()->mutable_hard());
  if (!quota.has_status()) return;
  round_to_milli(*quota.mutable_status()->mutable_hard());
  round_to_milli(*quota.mutable_status()->mutable_used());
}

void prepare_create(Message& object) { as_quota(object).clear_status(); }
void prepare_update(Message& next, const Message& old) { *as_quota(next).mutable_status() = as_quota(old).status(); }
void prepare_status_update(Message& next, const Message& old) { *as_quota(next).mutable_spec() = as_quota(old).spec(); }

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the quota, unique in its namespace."},
    {.name = "Request", .description = "What there is and may be: requests and numbers of objects."},
    {.name = "Limit", .description = "What there is and may be: limits."},
    {.name = "Age", .description = "Time since creation."},
};

std::string used_text(const corev1::ResourceQuotaStatus& status, const std::string& name) {
  const auto found = status.used().find(name);
  return found == status.used().end() ? "0" : found->second.string();
}

void row(const Message& object, WallTime now, Row& row) {
  const corev1::ResourceQuotaStatus& status = as_quota(object).status();
  std::map<std::string, std::string> hard;
  for (const auto& [name, quantity] : status.hard()) hard[name] = quantity.string();
  std::string requests, limits;
  for (const auto& [name, most] : hard) {
    std::string& column = name.starts_with("limits.") ? limits : requests;
    if (!column.empty()) column += ", ";
    column += name + ": " + used_text(status, name) + "/" + most;
  }
  row.cells = {meta(object).name(), requests, limits, age_of(object, now)};
}

}  // namespace

constinit const Rules kResourceQuotaRules = {
    .set_defaults = set_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate_quota,
    .validate_update = validate_quota_update,
    .validate_status = validate_quota_status,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::core
