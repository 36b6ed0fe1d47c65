// Requests and limits of containers and of pods, and the claims they use.
#include <algorithm>
#include <map>

#include "api/core/amounts.h"
#include "api/core/pod_validation.h"
#include "api/core/resource_names.h"
#include "api/internal_form.h"
#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

constexpr std::string_view kPodResources[] = {"cpu", "hugepages-", "memory"};
constexpr std::string_view kResizeResources[] = {"cpu", "memory"};
constexpr std::string_view kResizeRestarts[] = {"NotRequired", "RestartContainer"};

using NameCheck = void (*)(const std::string& name, const FieldPath& path, FieldErrors& errors);

void validate_pod_resource_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  FieldErrors own;
  validate_resource_name(name, path, own);
  const bool known = name == "cpu" || name == "memory" || is_huge_pages(name);
  if (own.empty() && !known) own.not_supported(path, name, kPodResources);
  errors.append(own);
}

void validate_page_multiple(const std::string& name, const std::string& amount, const FieldPath& path, FieldErrors& errors) {
  if (!is_huge_pages(name)) return;
  const auto size = quantity_milli_value(std::string_view(name).substr(std::string_view("hugepages-").size()));
  const auto value = quantity_value(amount);
  if (size && *size > 0 && *size % 1000 == 0 && value && *value % (*size / 1000) == 0) return;
  errors.invalid(path, quote(amount), amount + " is not positive integer multiple of " + name);
}

void validate_request(const std::string& name, const std::string& request, const Amounts& limits, const FieldPath& path,
                      FieldErrors& errors) {
  const auto limit = limits.find(name);
  if (limit == limits.end()) {
    if (!may_overcommit(name)) errors.required(path / "limits", "Limit must be set for non overcommitable resources");
    return;
  }
  const std::string& text = limit->second;
  if (!quantity_milli_value(request) || !quantity_milli_value(text)) return;  // reported already
  const int order = compare_quantities(request, text);
  if (order != 0 && !may_overcommit(name)) {
    errors.invalid(path / "requests", quote(request), "must be equal to " + name + " limit of " + text);
  } else if (order > 0) {
    errors.invalid(path / "requests", quote(request), "must be less than or equal to " + name + " limit of " + text);
  }
}

void validate_amount(const std::string& name, const std::string& amount, NameCheck check_name, const FieldPath& path, FieldErrors& errors) {
  resource::Quantity quantity;
  quantity.set_string(amount);
  check_name(name, path, errors);
  validate_quantity(name, quantity, path, errors);
}

// By name, as no two requests would list a map otherwise.
void validate_requirements(const corev1::ResourceRequirements& resources, NameCheck check_name, const FieldPath& path,
                           FieldErrors& errors) {
  const Amounts limits = amounts_of(resources.limits());
  const Amounts requests = amounts_of(resources.requests());
  for (const auto& [name, amount] : limits) {
    const FieldPath at = (path / "limits").key(name);
    validate_amount(name, amount, check_name, at, errors);
    validate_page_multiple(name, amount, at, errors);
  }
  for (const auto& [name, amount] : requests) {
    const FieldPath at = (path / "requests").key(name);
    validate_amount(name, amount, check_name, at, errors);
    validate_request(name, amount, limits, path, errors);
    validate_page_multiple(name, amount, at, errors);
  }
  auto any = [&](auto matches) {
    auto has = [&](const Amounts& list) { return std::ranges::any_of(list, [&](const auto& entry) { return matches(entry.first); }); };
    return has(limits) || has(requests);
  };
  const bool huge = any([](std::string_view name) { return is_huge_pages(name); });
  const bool cpu_or_memory = any([](std::string_view name) { return name == "cpu" || name == "memory"; });
  if (huge && !cpu_or_memory) errors.forbidden(path, "HugePages require cpu or memory");
}

// Whether a claim is used twice: as a whole, the same request of it, or both.
bool is_used_again(const corev1::ResourceClaim& claim, const std::set<std::string>& used) {
  const std::string key = claim.request().empty() ? claim.name() : claim.name() + "/" + claim.request();
  if (used.contains(claim.name()) || used.contains(key)) return true;
  if (!claim.request().empty()) return false;
  return std::ranges::any_of(used, [&](const std::string& one) { return one.starts_with(claim.name() + "/"); });
}

void validate_claim_use(const corev1::ResourceClaim& claim, std::set<std::string>& used, const std::set<std::string_view>& known,
                        const FieldPath& path, FieldErrors& errors) {
  const std::string& name = claim.name();
  if (name.empty()) return errors.required(path);
  if (!claim.request().empty() && !used.contains(name)) {
    add_faults(dns_label_faults(claim.request()), path / "request", quote(claim.request()), errors);
  }
  const std::string key = claim.request().empty() ? name : name + "/" + claim.request();
  if (is_used_again(claim, used)) errors.duplicate(path, quote(used.contains(name) ? name : key));
  used.insert(key);
  if (known.contains(name)) return;
  std::string list;
  for (std::string_view one : known) list.append(list.empty() ? ": " : ", ").append(one);
  if (known.empty()) list = " which is empty";
  errors.add({"FieldValueNotFound", "Not found: " + quote(name) + ": must be one of the names in pod.spec.resourceClaims" + list, path});
}

void validate_aggregates(const corev1::PodSpec& spec, Asked asked, const FieldPath& path, FieldErrors& errors) {
  corev1::PodSpec containers = spec;
  containers.clear_resources();
  const Amounts own = amounts_of(list_of(spec.resources(), asked));
  const std::string what = asked == Asked::kRequests ? "requests" : "limits";
  for (const auto& [name, amount] : pod_amounts(containers, asked)) {
    const auto at = own.find(name);
    if (at == own.end() || compare_quantities(amount, at->second) <= 0) continue;
    if (asked == Asked::kLimits && !is_huge_pages(name)) continue;
    errors.invalid((path / what).key(name), quote(at->second),
                   "must be greater than or equal to aggregate container " + what + " of " + amount);
  }
}

void validate_container_limits(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const Amounts own = amounts_of(spec.resources().limits());
  for (int i = 0; i < spec.containers_size(); ++i) {
    for (const auto& [name, amount] : amounts_of(spec.containers(i).resources().limits())) {
      const auto at = own.find(name);
      if (at == own.end() || compare_quantities(amount, at->second) <= 0) continue;
      errors.invalid((path / "containers").index(i).key(name) / "limits", quote(amount),
                     "must be less than or equal to pod limits of " + at->second);
    }
  }
}

void validate_claim(const corev1::PodResourceClaim& claim, std::set<std::string_view>& names, const FieldPath& path, FieldErrors& errors) {
  if (claim.name().empty()) {
    errors.required(path / "name");
  } else if (!names.insert(claim.name()).second) {
    errors.duplicate(path / "name", quote(claim.name()));
  } else {
    add_faults(dns_label_faults(claim.name()), path / "name", quote(claim.name()), errors);
  }
  if (claim.has_resourceclaimname() && claim.has_resourceclaimtemplatename()) {
    errors.invalid(path, internal_text(claim), "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
  }
  if (!claim.has_resourceclaimname() && !claim.has_resourceclaimtemplatename()) {
    errors.invalid(path, internal_text(claim), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
  }
  auto check = [&](bool is_set, const std::string& name, std::string_view field) {
    if (is_set) add_faults(dns_subdomain_faults(name), path / field, quote(name), errors);
  };
  check(claim.has_resourceclaimname(), claim.resourceclaimname(), "resourceClaimName");
  check(claim.has_resourceclaimtemplatename(), claim.resourceclaimtemplatename(), "resourceClaimTemplateName");
}

}  // namespace

void validate_resources(const corev1::ResourceRequirements& resources, const std::set<std::string_view>& claims, const FieldPath& path,
                        FieldErrors& errors) {
  validate_requirements(resources, validate_container_resource_name, path, errors);
  std::set<std::string> used;
  for (int i = 0; i < resources.claims_size(); ++i) {
    validate_claim_use(resources.claims(i), used, claims, (path / "claims").index(i), errors);
  }
}

void validate_pod_resources(const corev1::PodSpec& spec, const std::set<std::string_view>& claims, const FieldPath& path,
                            FieldErrors& errors) {
  if (spec.os().name() == "windows") return errors.forbidden(path, "may not be set for a windows pod");
  if (!spec.resources().claims().empty()) errors.forbidden(path / "claims", "claims may not be set for Resources at pod-level");
  validate_requirements(spec.resources(), validate_pod_resource_name, path, errors);
  std::set<std::string> used;
  for (int i = 0; i < spec.resources().claims_size(); ++i) {
    validate_claim_use(spec.resources().claims(i), used, claims, (path / "claims").index(i), errors);
  }
  validate_aggregates(spec, Asked::kRequests, path, errors);
  validate_aggregates(spec, Asked::kLimits, path, errors);
  validate_container_limits(spec, path, errors);
}

void validate_resize_policy(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> seen;
  for (int i = 0; i < container.resizepolicy_size(); ++i) {
    const corev1::ContainerResizePolicy& policy = container.resizepolicy(i);
    if (!seen.insert(policy.resourcename()).second) errors.duplicate(path.index(i), quote(policy.resourcename()));
    validate_one_of(policy.resourcename(), kResizeResources, path, errors);
    validate_one_of(policy.restartpolicy(), kResizeRestarts, path, errors);
    if (spec.restartpolicy() == "Never" && policy.restartpolicy() != "NotRequired") {
      errors.invalid(path, quote(policy.restartpolicy()), "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
    }
  }
}

std::set<std::string_view> claim_names(const corev1::PodSpec& spec) {
  std::set<std::string_view> names;
  for (const corev1::PodResourceClaim& claim : spec.resourceclaims()) {
    if (!claim.name().empty()) names.insert(claim.name());
  }
  return names;
}

void validate_resource_claims(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  for (int i = 0; i < spec.resourceclaims_size(); ++i) validate_claim(spec.resourceclaims(i), names, path.index(i), errors);
}

}  // namespace stint::core
