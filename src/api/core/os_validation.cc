// What a pod for Linux or for Windows cannot have. Source: upstream's pkg/apis/core/validation/validation.go.
#include <algorithm>

#include "api/core/pod_validation.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kSystems[] = {"linux", "windows"};
constexpr size_t kCredentialSpecBytesMax = 64 * 1024;
constexpr size_t kUserDomainBytesMax = 255;
constexpr size_t kUserBytesMax = 104;
constexpr size_t kNetBiosBytesMax = 15;

// Refuses what is set at `path`.
class Refusal {
 public:
  Refusal(const FieldPath& path, FieldErrors& errors) : path_(path), errors_(errors) {}
  void operator()(bool is_set, std::string_view field) const {
    if (is_set) errors_.forbidden(path_ / field, "cannot be set for a windows pod");
  }

 private:
  const FieldPath path_;
  FieldErrors& errors_;
};

void refuse_linux_of_pod(const corev1::PodSecurityContext& context, const FieldPath& path, FieldErrors& errors) {
  const Refusal refuse(path, errors);
  refuse(context.has_apparmorprofile(), "appArmorProfile");
  refuse(context.has_selinuxoptions(), "seLinuxOptions");
  refuse(context.has_seccompprofile(), "seccompProfile");
  refuse(context.has_fsgroup(), "fsGroup");
  refuse(context.has_fsgroupchangepolicy(), "fsGroupChangePolicy");
  refuse(!context.sysctls().empty(), "sysctls");
  refuse(context.has_runasuser(), "runAsUser");
  refuse(context.has_runasgroup(), "runAsGroup");
  refuse(!context.supplementalgroups().empty(), "supplementalGroups");
  refuse(context.has_supplementalgroupspolicy(), "supplementalGroupsPolicy");
  refuse(context.has_selinuxchangepolicy(), "seLinuxChangePolicy");
}

void refuse_linux_of_container(const corev1::SecurityContext& context, const FieldPath& path, FieldErrors& errors) {
  const Refusal refuse(path, errors);
  refuse(context.has_apparmorprofile(), "appArmorProfile");
  refuse(context.has_selinuxoptions(), "seLinuxOptions");
  refuse(context.has_seccompprofile(), "seccompProfile");
  refuse(context.has_capabilities(), "capabilities");
  refuse(context.has_readonlyrootfilesystem(), "readOnlyRootFilesystem");
  refuse(context.has_privileged(), "privileged");
  refuse(context.has_allowprivilegeescalation(), "allowPrivilegeEscalation");
  refuse(context.has_procmount(), "procMount");
  refuse(context.has_runasuser(), "runAsUser");
  refuse(context.has_runasgroup(), "runAsGroup");
}

void validate_windows(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  refuse_linux_of_pod(spec.securitycontext(), path / "securityContext", errors);
  const Refusal refuse(path, errors);
  refuse(spec.has_hostusers(), "hostUsers");
  refuse(spec.hostpid(), "hostPID");
  refuse(spec.hostipc(), "hostIPC");
  refuse(spec.has_shareprocessnamespace(), "shareProcessNamespace");
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) {
    if (container.has_securitycontext()) refuse_linux_of_container(container.securitycontext(), at / "securityContext", errors);
  });
}

void validate_linux(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  auto refuse = [&](bool is_set, const FieldPath& at) {
    if (is_set) errors.forbidden(at / "securityContext" / "windowsOptions", "windows options cannot be set for a linux pod");
  };
  refuse(spec.securitycontext().has_windowsoptions(), path);
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) {
    refuse(container.securitycontext().has_windowsoptions(), at);
  });
}

bool is_net_bios(std::string_view domain) {
  constexpr std::string_view kNever = "\\/:*?\"<>|";
  return !domain.empty() && domain.size() <= kNetBiosBytesMax && domain[0] != '.' && domain.find_first_of(kNever) == domain.npos;
}

// Labels of letters, digits and '-' between dots.
bool is_windows_domain(std::string_view domain) {
  std::string lower(domain);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return dns_subdomain_faults(lower).empty();
}

// A user, or a domain and a user with a backslash between them.
Faults windows_user_faults(std::string_view text) {
  if (text.empty()) return {"runAsUserName cannot be an empty string"};
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return {"runAsUserName cannot contain control characters"};
  }
  const size_t slash = text.find('\\');
  if (slash != text.rfind('\\')) return {"runAsUserName cannot contain more than one backslash"};
  Faults faults;
  std::string_view user = text;
  if (slash != text.npos) {
    const std::string_view domain = text.substr(0, slash);
    user = text.substr(slash + 1);
    if (domain.size() > kUserDomainBytesMax) faults.push_back("runAsUserName's Domain length must be under 256 characters");
    if (!is_net_bios(domain) && !is_windows_domain(domain))
      faults.push_back("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user.empty()) faults.push_back("runAsUserName's User cannot be empty");
  if (user.size() > kUserBytesMax) faults.push_back("runAsUserName's User length must not be longer than 104 characters");
  if (!user.empty() && user.find_first_not_of(". ") == user.npos)
    faults.push_back("runAsUserName's User cannot contain only periods or spaces");
  if (user.find_first_of("\"/\\:;|=,+*?<>@[]") != user.npos) {
    faults.push_back("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
  }
  return faults;
}

}  // namespace

void validate_windows_options(const corev1::WindowsSecurityContextOptions& options, const FieldPath& path, FieldErrors& errors) {
  if (options.has_gmsacredentialspecname()) {
    const std::string& name = options.gmsacredentialspecname();
    add_faults(dns_subdomain_faults(name), path / "gmsaCredentialSpecName", quote(name), errors);
  }
  if (options.has_gmsacredentialspec()) {
    const FieldPath at = path / "gmsaCredentialSpec";
    const std::string& spec = options.gmsacredentialspec();
    if (spec.empty()) errors.invalid(at, quote(spec), "gmsaCredentialSpec cannot be an empty string");
    if (spec.size() > kCredentialSpecBytesMax) errors.invalid(at, quote(spec), "gmsaCredentialSpec size must be under 64 KiB");
  }
  if (options.has_runasusername()) {
    add_faults(windows_user_faults(options.runasusername()), path / "runAsUserName", quote(options.runasusername()), errors);
  }
}

void validate_host_process(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const corev1::WindowsSecurityContextOptions& of_pod = spec.securitycontext().windowsoptions();
  int containers = 0, on_host = 0;
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) {
    const corev1::WindowsSecurityContextOptions& own = container.securitycontext().windowsoptions();
    ++containers;
    if (of_pod.has_hostprocess() && own.has_hostprocess() && of_pod.hostprocess() != own.hostprocess()) {
      errors.invalid(at / "securityContext" / "windowsOptions" / "hostProcess", shown(own.hostprocess()),
                     "pod hostProcess value must be identical if both are specified, was " + shown(of_pod.hostprocess()));
    }
    on_host += own.has_hostprocess() ? own.hostprocess() : of_pod.hostprocess();
  });
  if (on_host == 0) return;
  if (on_host != containers) {
    errors.invalid(path, quote(""), "If pod contains any hostProcess containers then all containers must be HostProcess containers");
  }
  if (!spec.hostnetwork()) {
    errors.invalid(path / "hostNetwork", "false", "hostNetwork must be true if pod contains any hostProcess containers");
  }
}

void validate_os(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.has_os()) return;
  const std::string& name = spec.os().name();
  if (name.empty()) return errors.required(path / "os" / "name");
  if (name == "linux") return validate_linux(spec, path, errors);
  if (name == "windows") return validate_windows(spec, path, errors);
  errors.not_supported(path / "os", name, kSystems);
}

}  // namespace stint::core
