#include "api/core/app_armor.h"

#include <map>
#include <string>

#include "api/core/pod_validation.h"
#include "api/json.h"

namespace stint::core {
namespace {

constexpr std::string_view kPrefix = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kRuntimeDefault = "runtime/default", kUnconfined = "unconfined", kLocalhost = "localhost/";

// By key, so that messages have an order.
std::map<std::string, std::string> annotations_of(const metav1::ObjectMeta& metadata) {
  std::map<std::string, std::string> found;
  for (const auto& [key, value] : metadata.annotations())
    if (key.starts_with(kPrefix)) found.emplace(key, value);
  return found;
}

bool is_profile(std::string_view value) {
  return value.empty() || value == kRuntimeDefault || value == kUnconfined || value.starts_with(kLocalhost);
}

const corev1::AppArmorProfile* own_profile(const corev1::Container& container) {
  return container.securitycontext().has_apparmorprofile() ? &container.securitycontext().apparmorprofile() : nullptr;
}

// Null: none.
const corev1::AppArmorProfile* profile_of(const corev1::PodSpec& spec, const corev1::Container& container) {
  if (const auto* own = own_profile(container)) return own;
  return spec.securitycontext().has_apparmorprofile() ? &spec.securitycontext().apparmorprofile() : nullptr;
}

}  // namespace

void validate_app_armor_annotations(const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec, const FieldPath& path,
                                    FieldErrors& errors) {
  for (const auto& [key, value] : annotations_of(metadata)) {
    const std::string container = key.substr(kPrefix.size());
    bool is_there = false;
    visit_containers(spec, FieldPath("spec"),
                     [&](const corev1::Container& each, const FieldPath&) { is_there |= each.name() == container; });
    if (!is_there) errors.invalid(path.key(key), quote(container), "container not found");
    if (!is_profile(value)) errors.invalid(path.key(key), quote(value), "invalid AppArmor profile name: " + quote(value));
  }
}

void validate_app_armor_agreement(const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec, const FieldPath& path,
                                  FieldErrors& errors) {
  if (spec.os().name() == "windows") return;
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) {
    const corev1::AppArmorProfile* profile = profile_of(spec, container);
    const auto annotation = metadata.annotations().find(std::string(kPrefix) + container.name());
    if (profile == nullptr || annotation == metadata.annotations().end()) return;
    const FieldPath field = at / "securityContext" / "appArmorProfile";
    const std::string_view value = annotation->second;
    const bool same_type = profile->type() == "Unconfined"       ? value == kUnconfined
                           : profile->type() == "RuntimeDefault" ? value == kRuntimeDefault
                           : profile->type() == "Localhost"      ? value.starts_with(kLocalhost)
                                                                 : true;  // told elsewhere
    if (!same_type) return errors.forbidden(field / "type", "apparmor type in annotation and field must match");
    if (profile->type() == "Localhost" && value.substr(kLocalhost.size()) != profile->localhostprofile())
      errors.forbidden(field / "localhostProfile", "apparmor profile in annotation and field must match");
  });
}

void validate_app_armor_kept(const metav1::ObjectMeta& next, const metav1::ObjectMeta& old, FieldErrors& errors) {
  const auto before = annotations_of(old), after = annotations_of(next);
  const FieldPath path("metadata.annotations");
  for (const auto& [key, value] : before) {
    const auto found = after.find(key);
    if (found == after.end() || found->second != value) errors.forbidden(path.key(key), "may not remove or update AppArmor annotations");
  }
  for (const auto& [key, value] : after)
    if (!before.contains(key)) errors.forbidden(path.key(key), "may not add AppArmor annotations");
}

bool wants_app_armor(const corev1::Pod& pod) {
  bool wants = false;
  visit_containers(pod.spec(), FieldPath("spec"), [&](const corev1::Container& container, const FieldPath&) {
    // The annotation stands between the container's field and the pod's.
    const auto annotation = pod.metadata().annotations().find(std::string(kPrefix) + container.name());
    if (own_profile(container) == nullptr && annotation != pod.metadata().annotations().end() && !annotation->second.empty()) {
      wants |= annotation->second != kUnconfined;
    } else if (const auto* profile = profile_of(pod.spec(), container)) {
      wants |= profile->type() != "Unconfined";
    }
  });
  return wants;
}

}  // namespace stint::core
