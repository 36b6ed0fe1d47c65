// Requests and limits.
#include <algorithm>

#include "api/core/pod_validation.h"
#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

using ResourceList = google::protobuf::Map<std::string, resource::Quantity>;

constexpr std::string_view kStandard[] = {"cpu", "memory", "ephemeral-storage"};
constexpr std::string_view kHugePages = "hugepages-";

bool is_huge_pages(std::string_view name) { return name.starts_with(kHugePages); }

// Whether more may be promised than there is.
bool may_overcommit(std::string_view name) {
  bool native = name.find('/') == name.npos || name.find("kubernetes.io/") != name.npos;
  return native && !is_huge_pages(name);
}

void validate_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  Faults faults = qualified_name_faults(name);
  if (!faults.empty()) return add_faults(faults, path, quote(name), errors);
  if (name.find('/') != name.npos) {
    if (name.starts_with("requests.")) errors.invalid(path, quote(name), "doesn't follow extended resource name standard");
    return;
  }
  bool standard = is_huge_pages(name) || std::ranges::find(kStandard, name) != std::end(kStandard);
  if (!standard) errors.invalid(path, quote(name), "must be a standard resource for containers");
}

void validate_quantity(const std::string& name, const std::string& text, const FieldPath& path, FieldErrors& errors) {
  std::optional<int64_t> milli = quantity_milli_value(text);
  if (!milli) return errors.invalid(path, quote(text), "must be a quantity, such as 500m or 1Gi");
  if (compare_quantities(text, "0") < 0) errors.invalid(path, quote(text), "must be greater than or equal to 0");
  bool whole = name.find('/') != name.npos;  // extended resources are counted
  if (whole && *milli % 1000 != 0) errors.invalid(path, quote(text), "must be an integer");
}

void validate_list(const ResourceList& list, const FieldPath& path, FieldErrors& errors) {
  for (const auto& [name, quantity] : list) {
    validate_resource_name(name, path.key(name), errors);
    validate_quantity(name, quantity.string(), path.key(name), errors);
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
