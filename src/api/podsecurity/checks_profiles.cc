// AppArmor, SELinux and seccomp.
#include <algorithm>

#include "api/go_quote.h"
#include "api/podsecurity/checks.h"

namespace stint::podsecurity {

Verdict check_apparmor(const PodView& pod) {
  static constexpr std::string_view kAnnotation = "container.apparmor.security.beta.kubernetes.io/";
  const auto allowed = [](const std::string& type) { return type == "RuntimeDefault" || type == "Localhost"; };
  std::set<std::string> values, annotations;
  bool pod_is_bad = false;
  Names bad, setters;
  if (const auto* context = pod.context(); context != nullptr && context->has_apparmorprofile()) {
    const std::string& type = context->apparmorprofile().type();
    pod_is_bad = !allowed(type);
    if (pod_is_bad) values.insert(type);
  }
  for (const ContainerView& container : pod.containers) {
    if (container.context == nullptr || !container.context->has_apparmorprofile()) continue;
    const std::string& type = container.context->apparmorprofile().type();
    if (allowed(type)) continue;
    bad.push_back(*container.name);
    values.insert(type);
  }
  for (const auto& [key, value] : pod.metadata.annotations()) {
    const bool fine = value.empty() || value == "runtime/default" || value.starts_with("localhost/");
    if (key.starts_with(kAnnotation) && !fine) annotations.insert(key + "=" + go_quoted(value));
  }
  if (pod_is_bad || !bad.empty()) setters.push_back(setters_text(pod_is_bad, bad));
  if (!annotations.empty()) setters.emplace_back(pluralize("annotation", "annotations", annotations.size()));
  if (setters.empty()) return {};
  Names shown(values.begin(), values.end());
  shown.insert(shown.end(), annotations.begin(), annotations.end());
  return Violation{std::string(pluralize("forbidden AppArmor profile", "forbidden AppArmor profiles", shown.size())),
                   join(setters, " and ") + " must not set AppArmor profile type to " + join_quoted(shown)};
}

namespace {

struct SelinuxFaults {
  std::set<std::string> types;
  bool user = false, role = false;

  // Whether the options are fine.
  bool check(const corev1::SELinuxOptions& options, bool engine_allowed) {
    const std::string& type = options.type();
    const bool type_is_good = type.empty() || type == "container_t" || type == "container_init_t" || type == "container_kvm_t" ||
                              (engine_allowed && type == "container_engine_t");
    if (!type_is_good) types.insert(type);
    user |= !options.user().empty();
    role |= !options.role().empty();
    return type_is_good && options.user().empty() && options.role().empty();
  }
};

Verdict check_selinux(const PodView& pod, bool engine_allowed) {
  SelinuxFaults faults;
  const auto* context = pod.context();
  const bool pod_is_bad = context != nullptr && context->has_selinuxoptions() && !faults.check(context->selinuxoptions(), engine_allowed);
  Names bad;
  for (const ContainerView& container : pod.containers) {
    if (container.context == nullptr || !container.context->has_selinuxoptions()) continue;
    if (!faults.check(container.context->selinuxoptions(), engine_allowed)) bad.push_back(*container.name);
  }
  if (!pod_is_bad && bad.empty()) return {};
  Names data;
  if (!faults.types.empty()) data.push_back(std::string(pluralize("type", "types", faults.types.size())) + " " + join_quoted(faults.types));
  if (faults.user) data.emplace_back("user may not be set");
  if (faults.role) data.emplace_back("role may not be set");
  return Violation{"seLinuxOptions", setters_text(pod_is_bad, bad) + " set forbidden securityContext.seLinuxOptions: " + join(data, "; ")};
}

}  // namespace

Verdict check_selinux_1_0(const PodView& pod) { return check_selinux(pod, false); }
Verdict check_selinux_1_31(const PodView& pod) { return check_selinux(pod, true); }

Verdict check_seccomp_annotations(const PodView& pod) {
  static constexpr std::string_view kPod = "seccomp.security.alpha.kubernetes.io/pod";
  static constexpr std::string_view kContainer = "container.seccomp.security.alpha.kubernetes.io/";
  std::set<std::string> bad;
  const auto look_at = [&](const std::string& key) {
    const auto found = pod.metadata.annotations().find(key);
    if (found == pod.metadata.annotations().end()) return;
    const std::string& value = found->second;
    const bool fine = value == "runtime/default" || value == "docker/default" || value.starts_with("localhost/");
    if (!fine) bad.insert(key + "=" + go_quoted(value));
  };
  look_at(std::string(kPod));
  for (const ContainerView& container : pod.containers) look_at(std::string(kContainer) + *container.name);
  if (bad.empty()) return {};
  return Violation{"seccompProfile", "forbidden " + std::string(pluralize("annotation", "annotations", bad.size())) + " " +
                                         join(Names(bad.begin(), bad.end()), ", ")};
}

namespace {

struct SeccompFaults {
  bool pod = false;
  Names containers;  // that set a bad one
  Names without;     // that set none, nor does the pod
  std::set<std::string> values;

  explicit SeccompFaults(const PodView& view) {
    const auto allowed = [](const std::string& type) { return type == "Localhost" || type == "RuntimeDefault"; };
    const auto* context = view.context();
    const bool pod_sets = context != nullptr && context->has_seccompprofile();
    pod = pod_sets && !allowed(context->seccompprofile().type());
    if (pod) values.insert(context->seccompprofile().type());
    for (const ContainerView& container : view.containers) {
      if (container.context == nullptr || !container.context->has_seccompprofile()) {
        if (!pod_sets || pod) without.push_back(*container.name);
        continue;
      }
      const std::string& type = container.context->seccompprofile().type();
      if (allowed(type)) continue;
      containers.push_back(*container.name);
      values.insert(type);
    }
  }
};

Verdict bad_profiles(const SeccompFaults& faults) {
  if (!faults.pod && faults.containers.empty()) return {};
  return Violation{"seccompProfile", setters_text(faults.pod, faults.containers) + " must not set securityContext.seccompProfile.type to " +
                                         join_quoted(faults.values)};
}

}  // namespace

Verdict check_seccomp_baseline(const PodView& pod) { return bad_profiles(SeccompFaults(pod)); }

Verdict check_seccomp_restricted_1_19(const PodView& pod) {
  const SeccompFaults faults(pod);
  if (Verdict verdict = bad_profiles(faults)) return verdict;
  if (faults.without.empty()) return {};
  return Violation{"seccompProfile", "pod or " + containers_text(faults.without) +
                                         R"( must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"};
}

Verdict check_seccomp_restricted_1_25(const PodView& pod) {
  if (pod.is_windows()) return {};
  return check_seccomp_restricted_1_19(pod);
}

}  // namespace stint::podsecurity
