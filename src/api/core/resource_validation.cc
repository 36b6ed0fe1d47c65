// Requests and limits.
#include <algorithm>

#include "api/core/pod_validation.h"
#include "api/core/resource_names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

void validate_list(const ResourceList& list, const FieldPath& path, FieldErrors& errors) {
  for (const auto& [name, quantity] : list) {
    validate_container_resource_name(name, path.key(name), errors);
    validate_quantity(name, quantity, path.key(name), errors);
  }
}

void validate_request(const std::string& name, const std::string& request, const ResourceList& limits, const FieldPath& path,
                      FieldErrors& errors) {
  auto limit = limits.find(name);
  if (limit == limits.end()) {
    if (!may_overcommit(name)) errors.required(path / "limits", "Limit must be set for non overcommitable resources");
    return;
  }
  const std::string& text = limit->second.string();
  if (!quantity_milli_value(request) || !quantity_milli_value(text)) return;  // reported already
  int order = compare_quantities(request, text);
  if (order != 0 && !may_overcommit(name)) {
    errors.invalid(path / "requests", quote(request), "must be equal to " + name + " limit of " + text);
  } else if (order > 0) {
    errors.invalid(path / "requests", quote(request), "must be less than or equal to " + name + " limit of " + text);
  }
}

}  // namespace

void validate_resources(const corev1::ResourceRequirements& resources, const FieldPath& path, FieldErrors& errors) {
  validate_list(resources.limits(), path / "limits", errors);
  validate_list(resources.requests(), path / "requests", errors);
  for (const auto& [name, quantity] : resources.requests()) validate_request(name, quantity.string(), resources.limits(), path, errors);
  auto any = [&](auto matches) {
    auto has = [&](const ResourceList& list) { return std::ranges::any_of(list, [&](const auto& entry) { return matches(entry.first); }); };
    return has(resources.limits()) || has(resources.requests());
  };
  bool huge = any([](std::string_view name) { return is_huge_pages(name); });
  bool cpu_or_memory = any([](std::string_view name) { return name == "cpu" || name == "memory"; });
  if (huge && !cpu_or_memory) errors.forbidden(path, "HugePages require cpu or memory");
}

}  // namespace stint::core
