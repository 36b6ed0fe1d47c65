// The virtual addresses of a Service: by themselves, and what an update may do to them.
#include <algorithm>
#include <set>

#include "api/core/service_type.h"
#include "api/core/service_validation.h"
#include "api/json.h"
#include "api/names.h"

namespace stint::core {
namespace {

using Spec = corev1::ServiceSpec;
using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr std::string_view kFamilies[] = {"IPv4", "IPv6"};
constexpr std::string_view kPolicies[] = {"PreferDualStack", "RequireDualStack", "SingleStack"};

const Spec& spec_of(const Message& object) { return static_cast<const corev1::Service&>(object).spec(); }

std::string shown_list(const Texts& texts) { return texts.empty() ? "null" : json::to_text(json::Array(texts.begin(), texts.end())); }

std::string shown_policy(const Spec& spec) { return spec.has_ipfamilypolicy() ? quote(spec.ipfamilypolicy()) : "null"; }

bool is_six(std::string_view address) { return address.find(':') != address.npos; }

void validate_singular(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.clusterip().empty()) {
    if (!spec.clusterips().empty()) {
      errors.invalid(path, shown_list(spec.clusterips()), "must be empty when `clusterIP` is not specified");
    }
  } else if (spec.clusterips().empty()) {
    errors.required(path);
  } else if (spec.clusterips(0) != spec.clusterip()) {
    errors.invalid(path, shown_list(spec.clusterips()), "first value must match `clusterIP`");
  }
}

void validate_families(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.ipfamilies_size(); ++i) {
    const std::string& family = spec.ipfamilies(i);
    if (std::ranges::find(kFamilies, family) == std::end(kFamilies)) errors.not_supported(path.index(i), family, kFamilies);
    if (!seen.insert(family).second) errors.duplicate(path.index(i), quote(family));
  }
}

// True if all of them are addresses, or None stands alone.
bool validate_each(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  bool sound = true;
  for (int i = 0; i < spec.clusterips_size(); ++i) {
    const std::string& address = spec.clusterips(i);
    if (i == 0 && address == kNoAddress) {
      if (spec.clusterips_size() == 1) continue;
      sound = false;
      errors.invalid(path, shown_list(spec.clusterips()), "'None' must be the first and only value");
      continue;
    }
    const Faults faults = ip_faults(address);
    sound &= faults.empty();
    add_faults(faults, path.index(i), quote(address), errors);
  }
  if (spec.clusterips_size() > 2) errors.invalid(path, shown_list(spec.clusterips()), "may only hold up to 2 values");
  return sound;
}

void validate_match(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  if (is_headless(spec)) return;
  for (int i = 0; i < std::min(spec.clusterips_size(), spec.ipfamilies_size()); ++i) {
    const std::string& address = spec.clusterips(i);
    const std::string& family = spec.ipfamilies(i);
    const bool fits = family == "IPv4" ? !is_six(address) : family != "IPv6" || is_six(address);
    if (fits) continue;
    errors.invalid(path.index(i), quote(address),
                   "expected an " + family + " value as indicated by `ipFamilies[" + std::to_string(i) + "]`");
  }
}

constexpr std::string_view kOnce = "may not change once set";

void validate_addresses_kept(const Spec& next, const Spec& old, FieldErrors& errors) {
  const FieldPath path("spec.clusterIPs");
  const std::string shown = shown_list(next.clusterips());
  if (old.clusterips_size() == next.clusterips_size()) {
    for (int i = 0; i < old.clusterips_size(); ++i) {
      if (old.clusterips(i) != next.clusterips(i)) errors.invalid(path.index(i), shown, kOnce);
    }
    return;
  }
  const bool fewer = old.clusterips_size() > next.clusterips_size();
  if (fewer && next.clusterips().empty()) errors.invalid(path.index(0), shown, "primary clusterIP can not be unset");
  if (!old.clusterips().empty() && !next.clusterips().empty() && next.clusterips(0) != old.clusterips(0)) {
    errors.invalid(path.index(0), shown, kOnce);
  }
  if (fewer && next.clusterips_size() == 1 && next.ipfamilypolicy() != "SingleStack") {
    errors.invalid("spec.ipFamilyPolicy", shown_policy(next), "must be set to 'SingleStack' when releasing the secondary clusterIP");
  }
}

void validate_families_kept(const Spec& next, const Spec& old, FieldErrors& errors) {
  const FieldPath first = FieldPath("spec.ipFamilies").index(0);
  if (old.ipfamilies_size() == next.ipfamilies_size()) {
    for (int i = 0; i < old.ipfamilies_size(); ++i) {
      if (old.ipfamilies(i) != next.ipfamilies(i)) errors.invalid(first, shown_list(next.ipfamilies()), kOnce);
    }
    return;
  }
  const bool fewer = old.ipfamilies_size() > next.ipfamilies_size();
  if (fewer && next.clusterips().empty()) errors.invalid(first, shown_list(next.ipfamilies()), "primary ipFamily can not be unset");
  if (!old.ipfamilies().empty() && !next.ipfamilies().empty() && next.ipfamilies(0) != old.ipfamilies(0)) {
    errors.invalid(first, shown_list(next.clusterips()), kOnce);
  }
  if (fewer && next.ipfamilies_size() == 1 && next.ipfamilypolicy() != "SingleStack") {
    errors.invalid("spec.ipFamilyPolicy", shown_policy(next), "must be set to 'SingleStack' when releasing the secondary ipFamily");
  }
}

void validate_balancer_class_kept(const Spec& next, const Spec& old, FieldErrors& errors) {
  if (!is_balanced(next) || !is_balanced(old)) return;
  if (next.has_loadbalancerclass() == old.has_loadbalancerclass() && next.loadbalancerclass() == old.loadbalancerclass()) return;
  errors.invalid("spec.loadBalancerClass", next.has_loadbalancerclass() ? quote(next.loadbalancerclass()) : "null", kOnce);
}

}  // namespace

void validate_service_addresses(const Spec& spec, FieldErrors& errors) {
  const FieldPath path("spec"), addresses = path / "clusterIPs";
  validate_singular(spec, addresses, errors);
  validate_families(spec, path / "ipFamilies", errors);
  if (spec.has_ipfamilypolicy() && std::ranges::find(kPolicies, spec.ipfamilypolicy()) == std::end(kPolicies)) {
    errors.not_supported(path / "ipFamilyPolicy", spec.ipfamilypolicy(), kPolicies);
  }
  if (!validate_each(spec, addresses, errors)) return;
  if (spec.clusterips_size() > 1 && (spec.clusterips_size() > 2 || is_six(spec.clusterips(0)) == is_six(spec.clusterips(1)))) {
    errors.invalid(addresses, shown_list(spec.clusterips()), "may specify no more than one IP for each IP family");
  }
  validate_match(spec, addresses, errors);
}

void validate_service_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const Spec& next = spec_of(next_object);
  const Spec& old = spec_of(old_object);
  if (needs_address(next) && needs_address(old)) {
    const bool both_headless = is_headless(next) && is_headless(old);
    if (!both_headless) validate_addresses_kept(next, old, errors);
    if (!both_headless && is_headless(next) == is_headless(old)) validate_families_kept(next, old, errors);
  }
  validate_balancer_class_kept(next, old, errors);
  if (needs_health_check(next) && needs_health_check(old) && next.healthchecknodeport() != old.healthchecknodeport()) {
    errors.forbidden("spec.healthCheckNodePort", "field is immutable");
  }
  validate_service(next_object, errors);
}

}  // namespace stint::core
