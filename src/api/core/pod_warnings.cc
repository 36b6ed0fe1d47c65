// What is legal in a pod and likely a mistake. Source: upstream's pkg/api/pod/warnings.go.
#include <algorithm>
#include <map>
#include <set>

#include "api/core/pod_spec.h"
#include "api/core/pod_validation.h"
#include "api/equality.h"
#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

using ResourceList = google::protobuf::Map<std::string, resource::Quantity>;
using Warnings = std::vector<std::string>;

struct Deprecation {
  std::string_view name;
  std::string_view text;
};

constexpr Deprecation kNodeLabels[] = {
    {"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
    {"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
    {"failure-domain.beta.kubernetes.io/region", "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
    {"failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
    {"beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
    {"app.kubernetes.io/created-by", "deprecated since v1.9"},
    {"scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"},
    {"node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"},
};
constexpr Deprecation kVolumes[] = {
    {"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
    {"gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
    {"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
    {"flocker", "deprecated in v1.22, non-functional in v1.25+"},
    {"storageos", "deprecated in v1.22, non-functional in v1.25+"},
    {"quobyte", "deprecated in v1.22, non-functional in v1.25+"},
    {"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
    {"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
    {"rbd", "deprecated in v1.28, non-functional in v1.31+"},
};

// "" when it is not deprecated.
template <size_t n>
std::string_view deprecation_of(const Deprecation (&all)[n], std::string_view name) {
  const auto* it = std::ranges::find(all, name, &Deprecation::name);
  return it == std::end(all) ? "" : it->text;
}

std::string told(const FieldPath& path, std::string_view text) { return path.text() + ": " + std::string(text); }

void warn_node_term(const corev1::NodeSelectorTerm& term, bool check_values, const FieldPath& path, Warnings& warnings) {
  for (int i = 0; i < term.matchexpressions_size(); ++i) {
    const corev1::NodeSelectorRequirement& one = term.matchexpressions(i);
    const FieldPath at = (path / "matchExpressions").index(i);
    const std::string_view text = deprecation_of(kNodeLabels, one.key());
    if (!text.empty()) warnings.push_back(told(at / "key", one.key() + " is " + std::string(text)));
    for (int j = 0; check_values && j < one.values_size(); ++j) {
      for (const std::string& fault : label_value_faults(one.values(j))) {
        warnings.push_back(told((at / "values").index(j), one.values(j) + " is invalid, " + fault));
      }
    }
  }
}

void warn_node_choice(const corev1::PodSpec& spec, const FieldPath& path, Warnings& warnings) {
  const std::map<std::string_view, std::string_view> selector(spec.nodeselector().begin(), spec.nodeselector().end());
  for (const auto& [key, value] : selector) {
    const std::string_view text = deprecation_of(kNodeLabels, key);
    if (!text.empty()) warnings.push_back(told((path / "nodeSelector").key(key), text));
  }
  const FieldPath affinity = path / "affinity" / "nodeAffinity";
  const corev1::NodeAffinity& node = spec.affinity().nodeaffinity();
  const auto& terms = node.requiredduringschedulingignoredduringexecution().nodeselectorterms();
  for (int i = 0; i < terms.size(); ++i) {
    const FieldPath at = affinity / "requiredDuringSchedulingIgnoredDuringExecution" / "nodeSelectorTerms";
    warn_node_term(terms[i], false, at.index(i), warnings);
  }
  const auto& preferred = node.preferredduringschedulingignoredduringexecution();
  for (int i = 0; i < preferred.size(); ++i) {
    const FieldPath at = (affinity / "preferredDuringSchedulingIgnoredDuringExecution").index(i);
    warn_node_term(preferred[i].preference(), true, at / "preference", warnings);
  }
}

constexpr std::string_view kMatchesNothing = "a null labelSelector results in matching no pod";

void warn_spread(const corev1::PodSpec& spec, const FieldPath& path, Warnings& warnings) {
  for (int i = 0; i < spec.topologyspreadconstraints_size(); ++i) {
    const corev1::TopologySpreadConstraint& one = spec.topologyspreadconstraints(i);
    const std::string_view text = deprecation_of(kNodeLabels, one.topologykey());
    if (!text.empty()) warnings.push_back(told(path.index(i) / "topologyKey", one.topologykey() + " is " + std::string(text)));
    if (!one.has_labelselector()) warnings.push_back(told(path.index(i) / "labelSelector", kMatchesNothing));
  }
}

template <class PodAffinity>
void warn_pod_affinity(const PodAffinity& affinity, const FieldPath& path, Warnings& warnings) {
  const auto& required = affinity.requiredduringschedulingignoredduringexecution();
  for (int i = 0; i < required.size(); ++i) {
    const FieldPath at = (path / "requiredDuringSchedulingIgnoredDuringExecution").index(i);
    if (!required[i].has_labelselector()) warnings.push_back(told(at / "labelSelector", kMatchesNothing));
  }
  const auto& preferred = affinity.preferredduringschedulingignoredduringexecution();
  for (int i = 0; i < preferred.size(); ++i) {
    const FieldPath at = (path / "preferredDuringSchedulingIgnoredDuringExecution").index(i) / "podAffinityTerm";
    if (!preferred[i].podaffinityterm().has_labelselector()) warnings.push_back(told(at / "labelSelector", kMatchesNothing));
  }
}

void warn_volumes(const corev1::PodSpec& spec, const FieldPath& path, Warnings& warnings) {
  for (int i = 0; i < spec.volumes_size(); ++i) {
    const corev1::VolumeSource& source = spec.volumes(i).volumesource();
    std::vector<const google::protobuf::FieldDescriptor*> chosen;
    source.GetReflection()->ListFields(source, &chosen);
    for (const google::protobuf::FieldDescriptor* field : chosen) {
      const std::string_view text = deprecation_of(kVolumes, field->name());
      const std::string name = field->name() == "storageos" ? "storageOS" : field->name();
      if (!text.empty()) warnings.push_back(told(path.index(i) / name, text));
    }
  }
  for (const corev1::Volume& volume : spec.volumes()) {
    for (const corev1::VolumeProjection& source : volume.volumesource().projected().sources()) {
      if (source.ByteSizeLong() == 0) warnings.push_back("volume " + quote(volume.name()) + " (Projected) has no sources provided");
    }
  }
}

void warn_host_aliases(const corev1::PodSpec& spec, const FieldPath& path, Warnings& warnings) {
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.hostaliases_size(); ++i) {
    const std::string& ip = spec.hostaliases(i).ip();
    if (!seen.insert(ip).second) warnings.push_back(told(path.index(i) / "ip", "duplicate ip " + quote(ip)));
  }
}

void warn_pull_secrets(const corev1::PodSpec& spec, const FieldPath& path, Warnings& warnings) {
  std::set<std::string_view> seen;
  for (int i = 0; i < spec.imagepullsecrets_size(); ++i) {
    const std::string& name = spec.imagepullsecrets(i).name();
    if (!seen.insert(name).second) warnings.push_back(told(path.index(i) / "name", "duplicate name " + quote(name)));
  }
  for (int i = 0; i < spec.imagepullsecrets_size(); ++i) {
    if (spec.imagepullsecrets(i).name().empty()) warnings.push_back(told(path.index(i) / "name", "invalid empty name \"\""));
  }
}

// "400m" of memory is nearly always meant as 400M.
void warn_fractional_bytes(const ResourceList& list, const char* name, const FieldPath& path, Warnings& warnings) {
  auto it = list.find(name);
  if (it == list.end() || quantity_milli_value(it->second).value_or(0) % 1000 == 0) return;
  warnings.push_back(told(path.key(name), "fractional byte value " + quote(it->second.string()) + " is invalid, must be an integer"));
}

// A later variable of the same name hides the earlier one, unless it is built from it.
void warn_hidden_variables(const corev1::Container& container, const FieldPath& path, Warnings& warnings) {
  std::set<std::string_view> seen;
  for (int i = 0; i < container.env_size(); ++i) {
    const corev1::EnvVar& variable = container.env(i);
    if (seen.insert(variable.name()).second) continue;
    const std::string reference = "$(" + variable.name() + ")";
    const bool built = !variable.has_valuefrom() && variable.value() != reference && variable.value().find(reference) != std::string::npos;
    if (built) continue;
    warnings.push_back(told((path / "env").index(i),
                            "hides previous definition of " + quote(variable.name()) + ", which may be dropped when using apply"));
  }
}

void warn_container(const corev1::Container& container, const FieldPath& path, Warnings& warnings) {
  for (const char* name : {"memory", "ephemeral-storage"}) {
    warn_fractional_bytes(container.resources().limits(), name, path / "resources" / "limits", warnings);
    warn_fractional_bytes(container.resources().requests(), name, path / "resources" / "requests", warnings);
  }
  warn_hidden_variables(container, path, warnings);
}

// Ports of all containers, which share one network.
class PortCheck {
 public:
  void add(const corev1::Container& container, const FieldPath& path, Warnings& warnings) {
    for (int i = 0; i < container.ports_size(); ++i) {
      const corev1::ContainerPort& port = container.ports(i);
      const FieldPath at = (path / "ports").index(i);
      auto& others = seen_[{port.containerport(), port.protocol()}];
      for (const auto& [other, other_path] : others) {
        const std::string_view how = likeness(port, other);
        if (!how.empty()) warnings.push_back(told(at, std::string(how) + " port definition with " + other_path));
      }
      others.emplace_back(port, at.text());
    }
  }
  void add_names(const corev1::Container& container, const FieldPath& path, Warnings& warnings) {
    for (int i = 0; i < container.ports_size(); ++i) {
      const std::string& name = container.ports(i).name();
      const FieldPath at = (path / "ports").index(i);
      if (name.empty()) continue;
      const auto [first, is_new] = names_.emplace(name, at.text());
      if (is_new) continue;
      warnings.push_back(told(at, "duplicate port name " + quote(name) + " with " + first->second +
                                      ", services and probes that select ports by name will use " + first->second));
    }
  }

 private:
  static std::string_view likeness(const corev1::ContainerPort& a, const corev1::ContainerPort& b) {
    if (a.hostip() == b.hostip() && a.hostport() == b.hostport()) return "duplicate";
    if (a.hostport() == 0 || b.hostport() == 0) return "overlapping";
    const bool one_everywhere = a.hostip().empty() != b.hostip().empty();
    return a.hostport() == b.hostport() && one_everywhere ? "dangerously ambiguous" : "";
  }

  std::map<std::pair<int32_t, std::string>, std::vector<std::pair<corev1::ContainerPort, std::string>>> seen_;
  std::map<std::string, std::string> names_;
};

}  // namespace

// In upstream's order.
void warn_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, Warnings& warnings) {
  warn_node_choice(spec, path, warnings);
  warn_spread(spec, path / "topologySpreadConstraints", warnings);
  warn_volumes(spec, path / "volumes", warnings);
  warn_host_aliases(spec, path / "hostAliases", warnings);
  warn_pull_secrets(spec, path / "imagePullSecrets", warnings);
  for (const char* name : {"memory", "ephemeral-storage"}) warn_fractional_bytes(spec.overhead(), name, path / "overhead", warnings);
  PortCheck ports;
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) { warn_container(container, at, warnings); });
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) { ports.add(container, at, warnings); });
  visit_containers(spec, path, [&](const corev1::Container& container, const FieldPath& at) { ports.add_names(container, at, warnings); });
  if (spec.terminationgraceperiodseconds() < 0) {
    warnings.push_back(told(path / "terminationGracePeriodSeconds", "must be >= 0; negative values are invalid and will be treated as 1"));
  }
  warn_pod_affinity(spec.affinity().podaffinity(), path / "affinity" / "podAffinity", warnings);
  warn_pod_affinity(spec.affinity().podantiaffinity(), path / "affinity" / "podAntiAffinity", warnings);
}

// Only of new ones: people seldom write to a pod that is there.
void warn_pod(const Message& next_object, const Message* old, Warnings& warnings) {
  if (old != nullptr) return;
  const auto& next = static_cast<const corev1::Pod&>(next_object);
  if (const Faults faults = dns_label_faults(next.metadata().name()); !faults.empty()) {
    warnings.push_back(
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: " +
        listed(faults));
  }
  warn_pod_spec(next.spec(), FieldPath("spec"), warnings);
}

}  // namespace stint::core
