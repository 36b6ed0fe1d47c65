#include "api/podsecurity/evaluate.h"

#include <algorithm>

#include "api/podsecurity/checks.h"

namespace stint::podsecurity {
namespace {

struct Row {
  std::string_view id;
  Level level;
  int64_t since;  // v1.N; up to the next row of the same check
  Verdict (*check)(const PodView&);
  std::string_view overrides = "";  // the baseline check that a restricted one stands in for
};

constexpr Level kB = Level::kBaseline, kR = Level::kRestricted;
// By level and name, as violations are told.
constexpr Row kRows[] = {
    {"appArmorProfile", kB, 0, check_apparmor},
    {"capabilities_baseline", kB, 0, check_capabilities_baseline},
    {"hostNamespaces", kB, 0, check_host_namespaces},
    {"hostPathVolumes", kB, 0, check_host_path},
    {"hostPorts", kB, 0, check_host_ports},
    {"hostProbesAndHostLifecycle", kB, 34, check_probe_hosts},
    {"privileged", kB, 0, check_privileged},
    {"procMount", kB, 0, check_proc_mount_1_0},
    {"procMount", kB, 35, check_proc_mount_1_35},
    {"seLinuxOptions", kB, 0, check_selinux_1_0},
    {"seLinuxOptions", kB, 31, check_selinux_1_31},
    {"seccompProfile_baseline", kB, 0, check_seccomp_annotations},
    {"seccompProfile_baseline", kB, 19, check_seccomp_baseline},
    {"sysctls", kB, 0, check_sysctls_1_0},
    {"sysctls", kB, 27, check_sysctls_1_27},
    {"sysctls", kB, 29, check_sysctls_1_29},
    {"sysctls", kB, 32, check_sysctls_1_32},
    {"sysctls", kB, 37, check_sysctls_1_37},
    {"windowsHostProcess", kB, 0, check_windows_host_process},
    {"allowPrivilegeEscalation", kR, 8, check_escalation_1_8},
    {"allowPrivilegeEscalation", kR, 25, check_escalation_1_25},
    {"capabilities_restricted", kR, 22, check_capabilities_restricted_1_22, "capabilities_baseline"},
    {"capabilities_restricted", kR, 25, check_capabilities_restricted_1_25, "capabilities_baseline"},
    {"procMount_restricted", kR, 35, check_proc_mount_1_0, "procMount"},
    {"restrictedVolumes", kR, 0, check_restricted_volumes, "hostPathVolumes"},
    {"runAsNonRoot", kR, 0, check_non_root_1_0},
    {"runAsNonRoot", kR, 35, check_non_root_1_35},
    {"runAsUser", kR, 23, check_user_1_23},
    {"runAsUser", kR, 35, check_user_1_35},
    {"seccompProfile_restricted", kR, 19, check_seccomp_restricted_1_19, "seccompProfile_baseline"},
    {"seccompProfile_restricted", kR, 25, check_seccomp_restricted_1_25, "seccompProfile_baseline"},
};

bool reaches(const Row& row, const Version& version) { return version.latest || row.since <= version.minor; }

// The newest of its check that the version has.
bool is_current(const Row& row, const Version& version) {
  return reaches(row, version) && std::ranges::none_of(kRows, [&](const Row& other) {
           return other.id == row.id && other.since > row.since && reaches(other, version);
         });
}

bool is_overridden(const Row& row, const LevelVersion& asked) {
  return asked.level == Level::kRestricted &&
         std::ranges::any_of(kRows, [&](const Row& other) { return other.overrides == row.id && reaches(other, asked.version); });
}

template <class Container>
ContainerView view_of(const Container& container) {
  return {.name = &container.name(),
          .context = container.has_securitycontext() ? &container.securitycontext() : nullptr,
          .ports = &container.ports(),
          .liveness = container.has_livenessprobe() ? &container.livenessprobe() : nullptr,
          .readiness = container.has_readinessprobe() ? &container.readinessprobe() : nullptr,
          .startup = container.has_startupprobe() ? &container.startupprobe() : nullptr,
          .lifecycle = container.has_lifecycle() ? &container.lifecycle() : nullptr};
}

}  // namespace

std::vector<Violation> evaluate(const LevelVersion& asked, const metav1::ObjectMeta& metadata, const corev1::PodSpec& spec) {
  std::vector<Violation> violations;
  if (asked.level == Level::kPrivileged) return violations;
  PodView pod{.metadata = metadata, .spec = spec, .containers = {}};
  for (const auto& container : spec.initcontainers()) pod.containers.push_back(view_of(container));
  for (const auto& container : spec.containers()) pod.containers.push_back(view_of(container));
  for (const auto& container : spec.ephemeralcontainers()) pod.containers.push_back(view_of(container.ephemeralcontainercommon()));
  for (const Row& row : kRows) {
    if (row.level > asked.level || !is_current(row, asked.version) || is_overridden(row, asked)) continue;
    if (Verdict verdict = row.check(pod)) violations.push_back(*std::move(verdict));
  }
  return violations;
}

std::string details_of(const std::vector<Violation>& violations) {
  Names texts;
  for (const auto& [reason, detail] : violations) texts.push_back(detail.empty() ? reason : reason + " (" + detail + ")");
  return join(texts, ", ");
}

std::string reasons_of(const std::vector<Violation>& violations) {
  Names texts;
  for (const Violation& violation : violations) texts.push_back(violation.reason);
  return join(texts, ", ");
}

}  // namespace stint::podsecurity
