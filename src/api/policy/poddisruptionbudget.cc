// PodDisruptionBudget. Source: upstream's pkg/registry/policy/poddisruptionbudget/strategy.go and its printer.
#include <algorithm>
#include <charconv>

#include "api/conditions.h"
#include "api/json.h"
#include "api/names.h"
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

constexpr std::string_view kEvictionPolicies[] = {"AlwaysAllow", "IfHealthyBudget"};

bool is_percent(std::string_view text) {
  if (text.size() < 2 || text.back() != '%') return false;
  return std::ranges::all_of(text.substr(0, text.size() - 1), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_above_100(std::string_view percent) {
  int value = 0;
  return std::from_chars(percent.data(), percent.data() + percent.size() - 1, value).ec != std::errc() || value > 100;
}

std::string shown_amount(const intstr::IntOrString& amount) { return amount.type() == 0 ? shown(amount.intval()) : quote(amount.strval()); }

void validate_amount(const intstr::IntOrString& amount, const FieldPath& path, FieldErrors& errors) {
  if (amount.type() == 0) {
    if (amount.intval() < 0) errors.invalid(path, shown(amount.intval()), "must be greater than or equal to 0");
  } else if (!is_percent(amount.strval())) {
    errors.invalid(path, quote(amount.strval()),
                   "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
                   "validation is '[0-9]+%')");
  } else if (is_above_100(amount.strval())) {
    errors.invalid(path, quote(amount.strval()), "must not be greater than 100%");
  }
}

// In upstream's internal form, which its error shows.
std::string shown_spec(const policyv1::PodDisruptionBudgetSpec& spec) {
  const std::string selector = spec.has_selector() ? json::encode(spec.selector()) : "null";
  const std::string policy = spec.has_unhealthypodevictionpolicy() ? quote(spec.unhealthypodevictionpolicy()) : "null";
  return "{\"MinAvailable\":" + shown_amount(spec.minavailable()) + ",\"Selector\":" + selector +
         ",\"MaxUnavailable\":" + shown_amount(spec.maxunavailable()) + ",\"UnhealthyPodEvictionPolicy\":" + policy + "}";
}

void validate(const Message& object, FieldErrors& errors) {
  const policyv1::PodDisruptionBudgetSpec& spec = as_budget(object).spec();
  const FieldPath path("spec");
  if (spec.has_minavailable() && spec.has_maxunavailable()) {
    errors.invalid(path, shown_spec(spec), "minAvailable and maxUnavailable cannot be both set");
  }
  if (spec.has_minavailable()) validate_amount(spec.minavailable(), path / "minAvailable", errors);
  if (spec.has_maxunavailable()) validate_amount(spec.maxunavailable(), path / "maxUnavailable", errors);
  if (spec.has_selector()) validate_label_selector(spec.selector(), path / "selector", errors);
  if (!spec.has_unhealthypodevictionpolicy()) return;
  if (std::ranges::find(kEvictionPolicies, spec.unhealthypodevictionpolicy()) == std::end(kEvictionPolicies)) {
    errors.not_supported(path / "unhealthyPodEvictionPolicy", spec.unhealthypodevictionpolicy(), kEvictionPolicies);
  }
}

void validate_update(const Message& next, const Message&, FieldErrors& errors) { validate(next, errors); }

void validate_status(const Message& next, const Message&, FieldErrors& errors) {
  const policyv1::PodDisruptionBudgetStatus& status = as_budget(next).status();
  const FieldPath path("status");
  const auto not_negative = [&](int32_t value, std::string_view field) {
    if (value < 0) errors.invalid(path / field, shown(value), "must be greater than or equal to 0");
  };
  validate_conditions(status.conditions(), path / "conditions", errors);
  not_negative(status.disruptionsallowed(), "disruptionsAllowed");
  not_negative(status.currenthealthy(), "currentHealthy");
  not_negative(status.desiredhealthy(), "desiredHealthy");
  not_negative(status.expectedpods(), "expectedPods");
}

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
    .validate = validate,
    .validate_update = validate_update,
    .validate_status = validate_status,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::policy
