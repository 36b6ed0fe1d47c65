// securityContext of pods and containers.
#include <algorithm>
#include <set>

#include "api/core/pod_validation.h"
#include "api/internal_form.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kProcMounts[] = {"Default", "Unmasked"};
constexpr std::string_view kProfiles[] = {"Localhost", "RuntimeDefault", "Unconfined"};
constexpr std::string_view kGroupChangePolicies[] = {"Always", "OnRootMismatch"};
constexpr std::string_view kSupplementalGroupsPolicies[] = {"Merge", "Strict"};
constexpr std::string_view kSELinuxChangePolicies[] = {"MountOption", "Recursive"};
constexpr size_t kSysctlBytesMax = 253;
constexpr size_t kAppArmorFileBytesMax = 4095;

void validate_id(bool is_set, int64_t id, const FieldPath& path, FieldErrors& errors) {
  if (is_set) add_faults(id_faults(id), path, shown(id), errors);
}

void validate_seccomp(bool is_set, const corev1::SeccompProfile& profile, const FieldPath& path, FieldErrors& errors) {
  if (!is_set) return;
  const FieldPath local = path / "localhostProfile";
  if (profile.type().empty()) {
    errors.required(path / "type", "type is required when seccompProfile is set");
  } else {
    validate_one_of(profile.type(), kProfiles, path / "type", errors);
  }
  if (profile.type() != "Localhost") {
    if (profile.has_localhostprofile()) errors.invalid(local, internal_text(profile), "can only be set when seccomp type is Localhost");
  } else if (!profile.has_localhostprofile()) {
    errors.required(local, "must be set when seccomp type is Localhost");
  } else {
    validate_descending_path(profile.localhostprofile(), local, errors);
  }
}

void validate_app_armor_file(const corev1::AppArmorProfile& profile, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::string& file = profile.localhostprofile();
  if (!file.empty() && (kSpace.contains(file.front()) || kSpace.contains(file.back()))) {
    errors.invalid(path, quote(file), "must not be padded with whitespace");
  } else if (file.empty()) {
    errors.required(path, "must be set when AppArmor type is Localhost");
  }
  if (file.size() > kAppArmorFileBytesMax) errors.too_long(path, kAppArmorFileBytesMax);
}

void validate_app_armor(bool is_set, const corev1::AppArmorProfile& profile, const FieldPath& path, FieldErrors& errors) {
  if (!is_set) return;
  const FieldPath local = path / "localhostProfile";
  if (profile.type() == "Localhost") {
    validate_app_armor_file(profile, local, errors);
  } else if (profile.type().empty()) {
    errors.required(path / "type", "type is required when appArmorProfile is set");
  } else if (profile.type() != "RuntimeDefault" && profile.type() != "Unconfined") {
    errors.not_supported(path / "type", profile.type(), kProfiles);
  } else if (profile.has_localhostprofile()) {
    errors.invalid(local, quote(profile.localhostprofile()), "can only be set when AppArmor type is Localhost");
  }
}

// Words of a-z, 0-9, '-' and '_' between dots or slashes, with a letter or digit at both ends.
bool is_sysctl_name(std::string_view name) {
  if (name.size() > kSysctlBytesMax) return false;
  auto plain = [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  auto is_word = [&](std::string_view word) {
    return !word.empty() && plain(word.front()) && plain(word.back()) &&
           std::ranges::all_of(word, [&](unsigned char c) { return plain(c) || c == '-' || c == '_'; });
  };
  for (size_t end; (end = name.find_first_of("./")) != name.npos; name.remove_prefix(end + 1)) {
    if (!is_word(name.substr(0, end))) return false;
  }
  return is_word(name);
}

// With dots between its parts, however it is written.
std::string sysctl_by_dots(std::string name) {
  const size_t first = name.find_first_of("./");
  if (first == name.npos || name[first] == '.') return name;
  for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

bool is_of_network(std::string_view name) { return name.starts_with("net."); }

bool is_of_ipc(std::string_view name) {
  static constexpr std::string_view kNames[] = {"kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
                                                "kernel.shm", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.msg"};
  return name.starts_with("fs.mqueue.") || std::ranges::find(kNames, name) != std::end(kNames);
}

// What would change the node's own settings.
void validate_host_sysctl(const std::string& sysctl, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const std::string name = sysctl_by_dots(sysctl);
  if (spec.hostnetwork() && is_of_network(name)) {
    errors.invalid(path, quote(sysctl), "may not be specified when 'hostNetwork' is true");
  } else if (spec.hostipc() && is_of_ipc(name)) {
    errors.invalid(path, quote(sysctl), "may not be specified when 'hostIPC' is true");
  }
}

void validate_sysctls(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.securitycontext().sysctls_size(); ++i) {
    const std::string& name = spec.securitycontext().sysctls(i).name();
    FieldPath at = path.index(i) / "name";
    if (name.empty()) {
      errors.required(at);
    } else if (!is_sysctl_name(name)) {
      errors.invalid(at, quote(name),
                     "must have at most 253 characters and match regex "
                     "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
    } else if (seen.contains(name)) {
      errors.duplicate(at, quote(name));
    }
    validate_host_sysctl(name, spec, at, errors);
    seen.insert(name);
  }
}

void validate_no_escalation(const corev1::SecurityContext& context, const FieldPath& path, FieldErrors& errors) {
  if (!context.has_allowprivilegeescalation() || context.allowprivilegeescalation()) return;
  if (context.privileged()) {
    errors.invalid(path, internal_text(context), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
  const auto& added = context.capabilities().add();
  if (std::ranges::find(added, "CAP_SYS_ADMIN") != added.end()) {
    errors.invalid(path, internal_text(context), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
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
  validate_seccomp(context.has_seccompprofile(), context.seccompprofile(), path / "seccompProfile", errors);
  validate_no_escalation(context, path, errors);
  validate_windows_options(context.windowsoptions(), path / "windowsOptions", errors);
  validate_app_armor(context.has_apparmorprofile(), context.apparmorprofile(), path / "appArmorProfile", errors);
}

void validate_pod_security(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const corev1::PodSecurityContext& context = spec.securitycontext();
  validate_id(context.has_fsgroup(), context.fsgroup(), path / "fsGroup", errors);
  validate_id(context.has_runasuser(), context.runasuser(), path / "runAsUser", errors);
  validate_id(context.has_runasgroup(), context.runasgroup(), path / "runAsGroup", errors);
  for (int i = 0; i < context.supplementalgroups_size(); ++i) {
    validate_id(true, context.supplementalgroups(i), (path / "supplementalGroups").index(i), errors);
  }
  validate_sysctls(spec, path / "sysctls", errors);
  if (context.has_fsgroupchangepolicy()) {
    validate_one_of(context.fsgroupchangepolicy(), kGroupChangePolicies, path / "fsGroupChangePolicy", errors);
  }
  validate_seccomp(context.has_seccompprofile(), context.seccompprofile(), path / "seccompProfile", errors);
  validate_windows_options(context.windowsoptions(), path / "windowsOptions", errors);
  validate_app_armor(context.has_apparmorprofile(), context.apparmorprofile(), path / "appArmorProfile", errors);
  if (context.has_supplementalgroupspolicy()) {
    validate_one_of(context.supplementalgroupspolicy(), kSupplementalGroupsPolicies, path / "supplementalGroupsPolicy", errors);
  }
  if (context.has_selinuxchangepolicy()) {
    validate_one_of(context.selinuxchangepolicy(), kSELinuxChangePolicies, path / "seLinuxChangePolicy", errors);
  }
}

}  // namespace stint::core
