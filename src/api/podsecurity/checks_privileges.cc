// Who the containers run as, and what they may.
#include <algorithm>
#include <array>

#include "api/podsecurity/checks.h"

namespace stint::podsecurity {

Verdict check_privileged(const PodView& pod) {
  Names bad;
  for (const ContainerView& container : pod.containers) {
    if (container.context != nullptr && container.context->privileged()) bad.push_back(*container.name);
  }
  if (bad.empty()) return {};
  return Violation{"privileged", containers_text(bad) + " must not set securityContext.privileged=true"};
}

Verdict check_windows_host_process(const PodView& pod) {
  const bool pod_sets = pod.spec.securitycontext().windowsoptions().hostprocess();
  Names bad;
  for (const ContainerView& container : pod.containers) {
    if (container.context != nullptr && container.context->windowsoptions().hostprocess()) bad.push_back(*container.name);
  }
  if (!pod_sets && bad.empty()) return {};
  return Violation{"hostProcess", setters_text(pod_sets, bad) + " must not set securityContext.windowsOptions.hostProcess=true"};
}

Verdict check_capabilities_baseline(const PodView& pod) {
  static constexpr std::array<std::string_view, 13> kAllowed = {"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                                                "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                                                "SETPCAP",     "SETUID", "SYS_CHROOT"};
  Names bad;
  std::set<std::string> added;
  for (const ContainerView& container : pod.containers) {
    if (container.context == nullptr) continue;
    bool valid = true;
    for (const std::string& capability : container.context->capabilities().add()) {
      if (std::ranges::find(kAllowed, capability) != kAllowed.end()) continue;
      valid = false;
      added.insert(capability);
    }
    if (!valid) bad.push_back(*container.name);
  }
  if (bad.empty()) return {};
  return Violation{"non-default capabilities",
                   containers_text(bad) + " must not include " + join_quoted(added) + " in securityContext.capabilities.add"};
}

Verdict check_capabilities_restricted_1_22(const PodView& pod) {
  Names keeping, adding, details;
  std::set<std::string> added;
  for (const ContainerView& container : pod.containers) {
    static const corev1::Capabilities kNone;
    const corev1::Capabilities& asked = container.context == nullptr ? kNone : container.context->capabilities();
    if (std::ranges::find(asked.drop(), "ALL") == asked.drop().end()) keeping.push_back(*container.name);
    bool valid = true;
    for (const std::string& capability : asked.add()) {
      if (capability == "NET_BIND_SERVICE") continue;
      valid = false;
      added.insert(capability);
    }
    if (!valid) adding.push_back(*container.name);
  }
  if (!keeping.empty()) details.push_back(containers_text(keeping) + R"( must set securityContext.capabilities.drop=["ALL"])");
  if (!adding.empty())
    details.push_back(containers_text(adding) + " must not include " + join_quoted(added) + " in securityContext.capabilities.add");
  if (details.empty()) return {};
  return Violation{"unrestricted capabilities", join(details, "; ")};
}

Verdict check_capabilities_restricted_1_25(const PodView& pod) {
  if (pod.is_windows()) return {};
  return check_capabilities_restricted_1_22(pod);
}

Verdict check_escalation_1_8(const PodView& pod) {
  Names bad;
  for (const ContainerView& container : pod.containers) {
    const auto* context = container.context;
    if (context == nullptr || !context->has_allowprivilegeescalation() || context->allowprivilegeescalation())
      bad.push_back(*container.name);
  }
  if (bad.empty()) return {};
  return Violation{"allowPrivilegeEscalation != false", containers_text(bad) + " must set securityContext.allowPrivilegeEscalation=false"};
}

Verdict check_escalation_1_25(const PodView& pod) {
  if (pod.is_windows()) return {};
  return check_escalation_1_8(pod);
}

Verdict check_proc_mount_1_0(const PodView& pod) {
  Names bad;
  std::set<std::string> types;
  for (const ContainerView& container : pod.containers) {
    if (container.context == nullptr || !container.context->has_procmount() || container.context->procmount() == "Default") continue;
    bad.push_back(*container.name);
    types.insert(container.context->procmount());
  }
  if (bad.empty()) return {};
  return Violation{"procMount", containers_text(bad) + " must not set securityContext.procMount to " + join_quoted(types)};
}

Verdict check_proc_mount_1_35(const PodView& pod) {
  if (pod.has_own_users()) return {};
  return check_proc_mount_1_0(pod);
}

Verdict check_non_root_1_0(const PodView& pod) {
  const auto* context = pod.context();
  const bool pod_sets = context != nullptr && context->has_runasnonroot();
  const bool pod_forbids_root = pod_sets && context->runasnonroot();
  Names bad, silent;
  for (const ContainerView& container : pod.containers) {
    if (container.context != nullptr && container.context->has_runasnonroot()) {
      if (!container.context->runasnonroot()) bad.push_back(*container.name);
    } else if (!pod_forbids_root) {
      silent.push_back(*container.name);
    }
  }
  constexpr const char* kReason = "runAsNonRoot != true";
  if ((pod_sets && !pod_forbids_root) || !bad.empty()) {
    return Violation{kReason, setters_text(pod_sets && !pod_forbids_root, bad) + " must not set securityContext.runAsNonRoot=false"};
  }
  if (silent.empty()) return {};
  return Violation{kReason, "pod or " + containers_text(silent) + " must set securityContext.runAsNonRoot=true"};
}

Verdict check_non_root_1_35(const PodView& pod) {
  if (pod.has_own_users()) return {};
  return check_non_root_1_0(pod);
}

Verdict check_user_1_23(const PodView& pod) {
  const auto* context = pod.context();
  const bool pod_sets = context != nullptr && context->has_runasuser() && context->runasuser() == 0;
  Names bad;
  for (const ContainerView& container : pod.containers) {
    if (container.context != nullptr && container.context->has_runasuser() && container.context->runasuser() == 0)
      bad.push_back(*container.name);
  }
  if (!pod_sets && bad.empty()) return {};
  return Violation{"runAsUser=0", setters_text(pod_sets, bad) + " must not set runAsUser=0"};
}

Verdict check_user_1_35(const PodView& pod) {
  if (pod.has_own_users()) return {};
  return check_user_1_23(pod);
}

}  // namespace stint::podsecurity
