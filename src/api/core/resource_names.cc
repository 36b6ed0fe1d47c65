#include "api/core/resource_names.h"

#include <algorithm>

#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

constexpr std::string_view kContainerResources[] = {"cpu", "memory", "ephemeral-storage"};
// Of a quota; any standard resource is one of these or plain storage.
constexpr std::string_view kQuotaResources[] = {"cpu",
                                                "memory",
                                                "ephemeral-storage",
                                                "requests.cpu",
                                                "requests.memory",
                                                "requests.storage",
                                                "requests.ephemeral-storage",
                                                "limits.cpu",
                                                "limits.memory",
                                                "limits.ephemeral-storage",
                                                "pods",
                                                "resourcequotas",
                                                "services",
                                                "replicationcontrollers",
                                                "secrets",
                                                "persistentvolumeclaims",
                                                "configmaps",
                                                "services.nodeports",
                                                "services.loadbalancers"};
constexpr std::string_view kCounted[] = {"pods",       "resourcequotas",         "services",           "replicationcontrollers", "secrets",
                                         "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"};

template <class Names>
bool has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

bool has_prefix(std::string_view name) { return name.find('/') != name.npos; }

bool is_standard_resource(std::string_view name) { return name == "storage" || is_standard_quota_resource(name); }

}  // namespace

bool is_huge_pages(std::string_view name) { return name.starts_with("hugepages-"); }

bool is_native_resource(std::string_view name) { return !has_prefix(name) || name.find("kubernetes.io/") != name.npos; }

bool is_extended_resource(std::string_view name) {
  if (is_native_resource(name) || name.starts_with("requests.")) return false;
  return qualified_name_faults("requests." + std::string(name)).empty();
}

bool is_standard_quota_resource(std::string_view name) {
  return has(kQuotaResources, name) || is_huge_pages(name) || name.starts_with("requests.hugepages-");
}

bool is_integer_resource(std::string_view name) { return has(kCounted, name) || is_extended_resource(name); }

bool may_overcommit(std::string_view name) { return is_native_resource(name) && !is_huge_pages(name); }

void validate_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  const Faults faults = qualified_name_faults(name);
  add_faults(faults, path, quote(name), errors);
  if (faults.empty() && !has_prefix(name) && !is_standard_resource(name)) {
    errors.invalid(path, quote(name), "must be a standard resource type or fully qualified");
  }
}

void validate_container_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  validate_resource_name(name, path, errors);
  if (!has_prefix(name)) {
    if (!has(kContainerResources, name) && !is_huge_pages(name)) {
      errors.invalid(path, quote(name), "must be a standard resource for containers");
    }
  } else if (!is_native_resource(name) && !is_extended_resource(name)) {
    errors.invalid(path, quote(name), "doesn't follow extended resource name standard");
  }
}

void validate_quota_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  validate_resource_name(name, path, errors);
  if (!has_prefix(name) && !is_standard_quota_resource(name)) errors.invalid(path, quote(name), "must be a standard resource for quota");
}

void validate_quantity(std::string_view name, const resource::Quantity& quantity, const FieldPath& path, FieldErrors& errors) {
  const std::string& text = quantity.string();
  const std::optional<int64_t> milli = quantity_milli_value(text.empty() ? "0" : text);
  if (!milli) return errors.invalid(path, quote(text), "must be a quantity, such as 500m or 1Gi");
  if (*milli < 0) errors.invalid(path, quote(text), "must be greater than or equal to 0");
  if (is_integer_resource(name) && *milli % 1000 != 0) errors.invalid(path, quote(text), "must be an integer");
}

void validate_positive_quantity(const resource::Quantity& quantity, const FieldPath& path, FieldErrors& errors) {
  const std::string text = quantity.string().empty() ? "0" : quantity.string();
  if (!quantity_milli_value(text) || compare_quantities(text, "0") <= 0) errors.invalid(path, quote(text), "must be greater than zero");
}

void round_to_milli(ResourceList& list) {
  for (auto& [name, quantity] : list) {
    if (quantity.string().find_first_of("nu.eE") == std::string::npos) continue;
    std::optional<std::string> canonical = canonical_quantity(quantity.string());
    if (!canonical || !(canonical->ends_with('n') || canonical->ends_with('u'))) continue;
    quantity.set_string(milli_quantity(*quantity_milli_value(*canonical)));
  }
}

}  // namespace stint::core
