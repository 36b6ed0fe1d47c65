// Pod Security admission: a namespace's labels say to which level its pods are held, of what their owners are warned and what the audit log
// tells. Nobody is exempt. Source: k8s.io/pod-security-admission/admission and upstream's plugin/pkg/admission/security/podsecurity.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "api/podsecurity/evaluate.h"
#include "server/admission.h"
#include "server/errors.h"

namespace stint {
namespace {

using podsecurity::Level;
using podsecurity::LevelVersion;
using podsecurity::Policy;
using podsecurity::Violation;

// Of a namespace's pods, looked at when its level changes.
constexpr size_t kPodsMax = 3000;

void annotate(const Admission& admission, std::string_view key, std::string value) {
  if (admission.request.annotations == nullptr) return;
  (*admission.request.annotations)["pod-security.kubernetes.io/" + std::string(key)] = std::move(value);
}

// One error as it is, several in brackets.
std::string aggregate(const FieldErrors& errors) {
  const auto& causes = errors.causes();
  std::string text;
  for (const Cause& cause : causes) text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return causes.size() == 1 ? text : "[" + text + "]";
}

struct Template {
  const metav1::ObjectMeta& metadata;
  const corev1::PodSpec& spec;
};

std::optional<Template> template_of(const Message& object) {
  const auto of = [](const corev1::PodTemplateSpec& spec) { return Template{spec.metadata(), spec.spec()}; };
  if (const auto* pod = dynamic_cast<const corev1::Pod*>(&object)) return Template{pod->metadata(), pod->spec()};
  if (const auto* job = dynamic_cast<const batchv1::Job*>(&object)) return of(job->spec().template_());
  if (const auto* cron = dynamic_cast<const batchv1::CronJob*>(&object)) return of(cron->spec().jobtemplate().spec().template_());
  if (const auto* stored = dynamic_cast<const corev1::PodTemplate*>(&object)) return of(stored->template_());
  return {};
}

template <class List>
bool images_differ(const List& next, const List& old) {
  if (next.size() != old.size()) return true;
  for (int i = 0; i < next.size(); ++i) {
    if (next[i].image() != old[i].image()) return true;
  }
  return false;
}

// Of what may change in a pod, only new containers and images count.
bool is_significant(const corev1::PodSpec& next, const corev1::PodSpec& old) {
  if (images_differ(next.containers(), old.containers()) || images_differ(next.initcontainers(), old.initcontainers())) return true;
  return std::ranges::any_of(next.ephemeralcontainers(), [&](const corev1::EphemeralContainer& added) {
    const auto& container = added.ephemeralcontainercommon();
    return std::ranges::none_of(old.ephemeralcontainers(), [&](const corev1::EphemeralContainer& had) {
      return had.ephemeralcontainercommon().name() == container.name() && had.ephemeralcontainercommon().image() == container.image();
    });
  });
}

bool is_ignored_subresource(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kIgnored = {"exec", "attach", "binding",     "eviction",
                                                               "log",  "proxy",  "portforward", "status"};
  return std::ranges::find(kIgnored, name) != kIgnored.end();
}

std::string would_violate(const LevelVersion& asked, const std::vector<Violation>& violations) {
  return "would violate PodSecurity " + quote(podsecurity::to_text(asked)) + ": " + podsecurity::details_of(violations);
}

Result<void> evaluate(const Admission& admission, const Policy& policy, const Template& pod, bool enforce) {
  const auto violations_of = [&](const LevelVersion& asked) { return podsecurity::evaluate(asked, pod.metadata, pod.spec); };
  if (enforce) annotate(admission, "enforce-policy", podsecurity::to_text(policy.enforce));
  if (const auto violations = violations_of(policy.audit); !violations.empty())
    annotate(admission, "audit-violations", would_violate(policy.audit, violations));
  if (enforce) {
    if (const auto violations = violations_of(policy.enforce); !violations.empty()) {
      return fail(
          forbidden(*admission.request.kind, meta(*admission.object).name(),
                    "violates PodSecurity " + quote(podsecurity::to_text(policy.enforce)) + ": " + podsecurity::details_of(violations)));
    }
  }
  const auto violations = violations_of(policy.warn);
  if (!violations.empty() && admission.warnings != nullptr) admission.warnings->push_back(would_violate(policy.warn, violations));
  return {};
}

Result<void> check_template(const Admission& admission, const Template& pod) {
  const Request& request = admission.request;
  const bool is_pod = request.kind->descriptor() == corev1::Pod::descriptor();
  if (is_pod ? is_ignored_subresource(request.subresource) : !request.subresource.empty()) return {};
  TRY(Stored ns, admission.core.registry.get(kind_of<corev1::Namespace>(), "", request.ns));
  FieldErrors errors;
  const Policy policy = podsecurity::read_policy(meta(*ns.object).labels(), errors);
  const bool tells = policy.warn.level != Level::kPrivileged || policy.audit.level != Level::kPrivileged;
  if (errors.empty() && !tells && (!is_pod || policy.enforce.level == Level::kPrivileged)) {
    if (is_pod) annotate(admission, "enforce-policy", "privileged:latest");
    return {};
  }
  if (is_pod && admission.old != nullptr && !is_significant(pod.spec, static_cast<const corev1::Pod&>(*admission.old).spec())) return {};
  if (!errors.empty()) annotate(admission, "error", "Failed to parse policy: " + aggregate(errors));
  return evaluate(admission, policy, pod, is_pod);
}

// One pod of each controller comes before the second of any.
std::vector<const corev1::Pod*> by_controller(const std::vector<Object>& objects) {
  std::vector<const corev1::Pod*> first, others;
  std::set<std::string> seen;
  for (const Object& object : objects) {
    const auto* pod = static_cast<const corev1::Pod*>(object.get());
    const auto& owners = pod->metadata().ownerreferences();
    const auto owner = std::ranges::find_if(owners, [](const metav1::OwnerReference& reference) { return reference.controller(); });
    const bool is_first = owner == owners.end() || seen.insert(owner->uid()).second;
    (is_first ? first : others).push_back(pod);
  }
  first.insert(first.end(), others.begin(), others.end());
  return first;
}

struct Offenders {
  std::string first;  // by name
  size_t count = 0;
};

std::string names_of(const Offenders& offenders) {
  if (offenders.count == 1) return offenders.first;
  if (offenders.count == 2) return offenders.first + " (and 1 other pod)";
  return offenders.first + " (and " + std::to_string(offenders.count - 1) + " other pods)";
}

Result<void> warn_of_pods(const Admission& admission, const std::string& ns, const LevelVersion& asked) {
  TRY(const std::vector<Object> objects, admission.core.registry.all(kind_of<corev1::Pod>(), ns));
  const std::vector<const corev1::Pod*> pods = by_controller(objects);
  const size_t checked = std::min(pods.size(), kPodsMax);
  std::map<std::string, Offenders> offenders;
  for (size_t i = 0; i < checked; ++i) {
    const auto violations = podsecurity::evaluate(asked, pods[i]->metadata(), pods[i]->spec());
    if (violations.empty()) continue;
    Offenders& of = offenders[podsecurity::reasons_of(violations)];
    if (of.count++ == 0 || pods[i]->metadata().name() < of.first) of.first = pods[i]->metadata().name();
  }
  std::vector<std::string>& warnings = *admission.warnings;
  if (checked < pods.size()) {
    warnings.push_back("new PodSecurity enforce level only checked against the first " + std::to_string(checked) + " of " +
                       std::to_string(pods.size()) + " existing pods");
  }
  if (offenders.empty()) return {};
  warnings.push_back("existing pods in namespace " + quote(ns) + " violate the new PodSecurity enforce level " +
                     quote(podsecurity::to_text(asked)));
  std::set<std::string> texts;
  for (const auto& [reasons, of] : offenders) texts.insert(names_of(of) + ": " + reasons);
  warnings.insert(warnings.end(), texts.begin(), texts.end());
  return {};
}

Result<void> check_namespace(const Admission& admission) {
  if (!admission.request.subresource.empty()) return {};
  const metav1::ObjectMeta& next = meta(*admission.object);
  FieldErrors errors, old_errors;
  const Policy policy = podsecurity::read_policy(next.labels(), errors);
  Policy old;
  if (admission.old != nullptr) old = podsecurity::read_policy(meta(*admission.old).labels(), old_errors);
  if (!errors.empty() && errors.causes() != old_errors.causes()) return fail(invalid(*admission.request.kind, next.name(), errors));
  if (admission.old == nullptr || policy.enforce == old.enforce || policy.enforce.level == Level::kPrivileged) return {};
  if (policy.enforce.version == old.enforce.version && policy.enforce.level <= old.enforce.level) return {};
  return warn_of_pods(admission, next.name(), policy.enforce);
}

}  // namespace

Result<void> check_pod_security(const Admission& admission) {
  if (admission.object == nullptr) return {};
  if (admission.object->GetDescriptor() == corev1::Namespace::descriptor()) return check_namespace(admission);
  const std::optional<Template> pod = template_of(*admission.object);
  return pod ? check_template(admission, *pod) : Result<void>{};
}

}  // namespace stint
