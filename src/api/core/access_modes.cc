#include "api/core/access_modes.h"

#include <algorithm>

#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kModes[] = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"};

}  // namespace

void validate_access_modes(const AccessModes& modes, std::string_view why_required, const FieldPath& path, FieldErrors& errors) {
  if (modes.empty()) errors.required(path, why_required);
  bool alone = false, shared = false;
  for (const std::string& mode : modes) {
    const bool known = std::ranges::find(kModes, mode) != std::end(kModes);
    if (!known) errors.not_supported(path, mode, kModes);
    alone |= mode == "ReadWriteOncePod";
    shared |= known && mode != "ReadWriteOncePod";
  }
  if (alone && shared) errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
}

void validate_class_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  add_faults(dns_subdomain_faults(name), path, quote(name), errors);
}

std::string storage_class_of(const Message& object, const std::string& field) {
  const auto& annotations = meta(object).annotations();
  const auto found = annotations.find(kStorageClassAnnotation);
  return found == annotations.end() ? field : found->second;
}

std::string access_modes_text(const AccessModes& modes) {
  struct Short {
    std::string_view mode, text;
  };
  static constexpr Short kShorts[] = {
      {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
  std::string text;
  for (const Short& one : kShorts) {
    if (std::ranges::find(modes, one.mode) == modes.end()) continue;
    if (!text.empty()) text += ',';
    text += one.text;
  }
  return text;
}

}  // namespace stint::core
