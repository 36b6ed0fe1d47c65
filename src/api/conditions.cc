#include "api/conditions.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "api/names.h"

namespace stint {
namespace {

constexpr std::string_view kStatuses[] = {"False", "True", "Unknown"};
constexpr size_t kReasonBytesMax = 1024;
constexpr size_t kMessageBytesMax = 32 * 1024;

bool is_reason(std::string_view text) {
  const auto letter_or_digit = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (!std::isalpha(static_cast<unsigned char>(text.front())) || !letter_or_digit(static_cast<unsigned char>(text.back()))) return false;
  return std::ranges::all_of(text, [&](unsigned char c) { return letter_or_digit(c) || c == ',' || c == ':'; });
}

void validate_reason(const std::string& reason, const FieldPath& path, FieldErrors& errors) {
  if (reason.empty()) return errors.required(path);
  if (!is_reason(reason)) {
    errors.invalid(path, quote(reason),
                   "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or "
                   "'_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or "
                   "'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')");
  }
  if (reason.size() > kReasonBytesMax) errors.too_long(path, kReasonBytesMax);
}

void validate_condition(const metav1::Condition& condition, const FieldPath& path, FieldErrors& errors) {
  if (condition.type().empty()) {
    errors.required(path / "type", "is required");
  } else {
    add_faults(qualified_name_faults(condition.type()), path / "type", quote(condition.type()), errors);
  }
  if (condition.status().empty()) {
    errors.required(path / "status");
  } else if (std::ranges::find(kStatuses, condition.status()) == std::end(kStatuses)) {
    errors.not_supported(path / "status", condition.status(), kStatuses);
  }
  if (condition.observedgeneration() < 0) {
    errors.invalid(path / "observedGeneration", shown(condition.observedgeneration()), "must be greater than or equal to zero");
  }
  if (!condition.lasttransitiontime().has_seconds()) errors.required(path / "lastTransitionTime");
  validate_reason(condition.reason(), path / "reason", errors);
  if (condition.message().size() > kMessageBytesMax) errors.too_long(path / "message", kMessageBytesMax);
}

}  // namespace

void validate_conditions(const Conditions& conditions, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> types;
  for (int i = 0; i < conditions.size(); ++i) {
    if (!types.insert(conditions[i].type()).second) errors.duplicate(path.index(i), quote(conditions[i].type()));
    validate_condition(conditions[i], path.index(i), errors);
  }
}

}  // namespace stint
