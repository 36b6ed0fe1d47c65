// The checks of the Pod Security Standards, one function a rule and version. Pure; any thread.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/podsecurity/evaluate.h"

namespace stint::podsecurity {

// What the three kinds of containers have in common. Pointers are borrowed; null: not set.
struct ContainerView {
  const std::string* name = nullptr;
  const corev1::SecurityContext* context = nullptr;
  const google::protobuf::RepeatedPtrField<corev1::ContainerPort>* ports = nullptr;
  const corev1::Probe *liveness = nullptr, *readiness = nullptr, *startup = nullptr;
  const corev1::Lifecycle* lifecycle = nullptr;
};

struct PodView {
  const metav1::ObjectMeta& metadata;
  const corev1::PodSpec& spec;
  std::vector<ContainerView> containers;  // init, regular, ephemeral

  const corev1::PodSecurityContext* context() const { return spec.has_securitycontext() ? &spec.securitycontext() : nullptr; }
  bool is_windows() const { return spec.os().name() == "windows"; }
  bool has_own_users() const { return spec.has_hostusers() && !spec.hostusers(); }
};

using Verdict = std::optional<Violation>;
using Names = std::vector<std::string>;

// "\"a\", \"b\"", unescaped
std::string join_quoted(const Names& names);
std::string join_quoted(const std::set<std::string>& names);
std::string join(const Names& names, std::string_view between);
std::string_view pluralize(std::string_view one, std::string_view many, size_t count);
// "container \"a\"", "containers \"a\", \"b\""
std::string containers_text(const Names& names);
// "pod and containers \"a\", \"b\""
std::string setters_text(bool pod, const Names& containers);

// checks_host.cc
Verdict check_host_namespaces(const PodView& pod);
Verdict check_host_path(const PodView& pod);
Verdict check_host_ports(const PodView& pod);
Verdict check_probe_hosts(const PodView& pod);
Verdict check_restricted_volumes(const PodView& pod);
Verdict check_sysctls_1_0(const PodView& pod);
Verdict check_sysctls_1_27(const PodView& pod);
Verdict check_sysctls_1_29(const PodView& pod);
Verdict check_sysctls_1_32(const PodView& pod);
Verdict check_sysctls_1_37(const PodView& pod);
// checks_profiles.cc
Verdict check_apparmor(const PodView& pod);
Verdict check_selinux_1_0(const PodView& pod);
Verdict check_selinux_1_31(const PodView& pod);
Verdict check_seccomp_annotations(const PodView& pod);
Verdict check_seccomp_baseline(const PodView& pod);
Verdict check_seccomp_restricted_1_19(const PodView& pod);
Verdict check_seccomp_restricted_1_25(const PodView& pod);
// checks_privileges.cc
Verdict check_privileged(const PodView& pod);
Verdict check_windows_host_process(const PodView& pod);
Verdict check_capabilities_baseline(const PodView& pod);
Verdict check_capabilities_restricted_1_22(const PodView& pod);
Verdict check_capabilities_restricted_1_25(const PodView& pod);
Verdict check_escalation_1_8(const PodView& pod);
Verdict check_escalation_1_25(const PodView& pod);
Verdict check_proc_mount_1_0(const PodView& pod);
Verdict check_proc_mount_1_35(const PodView& pod);
Verdict check_non_root_1_0(const PodView& pod);
Verdict check_non_root_1_35(const PodView& pod);
Verdict check_user_1_23(const PodView& pod);
Verdict check_user_1_35(const PodView& pod);

}  // namespace stint::podsecurity
