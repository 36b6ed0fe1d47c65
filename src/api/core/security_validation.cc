// securityContext of pods and containers.
#include <algorithm>
#include <set>

#include "api/core/pod_validation.h"
#include "api/json.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kProcMounts[] = {"Default", "Unmasked"};
constexpr std::string_view kProfiles[] = {"Localhost", "RuntimeDefault", "Unconfined"};
constexpr std::string_view kGroupChangePolicies[] = {"Always", "OnRootMismatch"};
constexpr std::string_view kSupplementalGroupsPolicies[] = {"Merge", "Strict"};
constexpr size_t kSysctlBytesMax = 253;

void validate_id(bool is_set, int64_t id, const FieldPath& path, FieldErrors& errors) {
  if (is_set) add_faults(id_faults(id), path, shown(id), errors);
}

// Seccomp and AppArmor profiles have the same two fields.
template <class Profile>
void validate_profile(bool is_set, const Profile& profile, std::string_view what, const FieldPath& path, FieldErrors& errors) {
  if (!is_set) return;
  validate_one_of(profile.type(), kProfiles, path / "type", errors);
  FieldPath local = path / "localhostProfile";
  std::string of_type = std::string(what) + " type is Localhost";
  if (profile.type() != "Localhost") {
    if (profile.has_localhostprofile()) errors.invalid(local, quote(profile.localhostprofile()), "can only be set when " + of_type);
  } else if (!profile.has_localhostprofile()) {
    errors.required(local, "must be set when " + of_type);
  }
}

bool is_sysctl_name(std::string_view name) {
  auto fits = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '-' || c == '_' || c == '.' || c == '/'; };
  return name.size() <= kSysctlBytesMax && std::ranges::all_of(name, fits);
}

void validate_sysctls(const corev1::PodSecurityContext& context, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> seen;
  for (int i = 0; i < context.sysctls_size(); ++i) {
    const std::string& name = context.sysctls(i).name();
    FieldPath at = path.index(i) / "name";
    if (name.empty()) {
      errors.required(at);
    } else if (!is_sysctl_name(name)) {
      errors.invalid(at, quote(name), "must have at most 253 characters of a-z, 0-9, '-', '_', '.' and '/'");
    } else if (!seen.insert(name).second) {
      errors.duplicate(at, quote(name));
    }
  }
}

}  // namespace

void validate_container_security(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path,
                                 FieldErrors& errors) {
  if (!container.has_securitycontext()) return;
  const corev1::SecurityContext& context = container.securitycontext();
  validate_id(context.has_runasuser(), context.runasuser(), path / "runAsUser", errors);
  validate_id(context.has_runasgroup(), context.runasgroup(), path / "runAsGroup", errors);
  if (context.has_procmount()) {
    validate_one_of(context.procmount(), kProcMounts, path / "procMount", errors);
    bool host_users = !spec.has_hostusers() || spec.hostusers();
    if (host_users && context.procmount() == "Unmasked") {
      errors.invalid(path / "procMount", quote(context.procmount()), "`hostUsers` must be false to use `Unmasked`");
    }
  }
  validate_profile(context.has_seccompprofile(), context.seccompprofile(), "seccomp", path / "seccompProfile", errors);
  validate_profile(context.has_apparmorprofile(), context.apparmorprofile(), "AppArmor", path / "appArmorProfile", errors);
  if (!context.has_allowprivilegeescalation() || context.allowprivilegeescalation()) return;
  if (context.privileged()) {
    errors.invalid(path, json::encode(context), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
  const auto& added = context.capabilities().add();
  if (std::ranges::find(added, "CAP_SYS_ADMIN") != added.end()) {
    errors.invalid(path, json::encode(context), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
}

void validate_pod_security(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const corev1::PodSecurityContext& context = spec.securitycontext();
  validate_id(context.has_fsgroup(), context.fsgroup(), path / "fsGroup", errors);
  validate_id(context.has_runasuser(), context.runasuser(), path / "runAsUser", errors);
  validate_id(context.has_runasgroup(), context.runasgroup(), path / "runAsGroup", errors);
  for (int i = 0; i < context.supplementalgroups_size(); ++i) {
    validate_id(true, context.supplementalgroups(i), (path / "supplementalGroups").index(i), errors);
  }
  validate_sysctls(context, path / "sysctls", errors);
  if (context.has_fsgroupchangepolicy()) {
    validate_one_of(context.fsgroupchangepolicy(), kGroupChangePolicies, path / "fsGroupChangePolicy", errors);
  }
  if (context.has_supplementalgroupspolicy()) {
    validate_one_of(context.supplementalgroupspolicy(), kSupplementalGroupsPolicies, path / "supplementalGroupsPolicy", errors);
  }
  validate_profile(context.has_seccompprofile(), context.seccompprofile(), "seccomp", path / "seccompProfile", errors);
  validate_profile(context.has_apparmorprofile(), context.apparmorprofile(), "AppArmor", path / "appArmorProfile", errors);
}

}  // namespace stint::core
