// What is legal in a pod and likely a mistake. Source: upstream's pkg/api/pod/warnings.go.
#include <algorithm>
#include <map>

#include "api/core/pod_spec.h"
#include "api/core/pod_validation.h"
#include "api/equality.h"
#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

using ResourceList = google::protobuf::Map<std::string, resource::Quantity>;

// "400m" of memory is nearly always meant as 400M.
void warn_fractional_bytes(const ResourceList& list, const FieldPath& path, std::vector<std::string>& warnings) {
  for (const char* name : {"memory", "ephemeral-storage"}) {
    auto it = list.find(name);
    if (it == list.end() || quantity_milli_value(it->second).value_or(0) % 1000 == 0) continue;
    warnings.push_back(path.key(name).text() + ": fractional byte value " + quote(it->second.string()) + " is invalid, must be an integer");
  }
}

// A later variable of the same name hides the earlier one, unless it is built from it.
void warn_hidden_variables(const corev1::Container& container, const FieldPath& path, std::vector<std::string>& warnings) {
  std::map<std::string_view, int> seen;
  for (int i = 0; i < container.env_size(); ++i) {
    const corev1::EnvVar& variable = container.env(i);
    bool again = !seen.emplace(variable.name(), i).second;
    if (!again || variable.value().find("$(" + variable.name() + ")") != std::string::npos) continue;
    warnings.push_back((path / "env").index(i).text() + ": hides previous definition of " + quote(variable.name()) +
                       ", which may be dropped when using apply");
  }
}

void warn_ports(const corev1::Container& container, const FieldPath& path, std::vector<std::string>& warnings) {
  std::map<std::pair<int32_t, std::string_view>, int> seen;
  for (int i = 0; i < container.ports_size(); ++i) {
    const corev1::ContainerPort& port = container.ports(i);
    auto [first, is_new] = seen.emplace(std::pair(port.containerport(), std::string_view(port.protocol())), i);
    if (is_new || container.ports(first->second).hostport() != port.hostport()) continue;
    warnings.push_back((path / "ports").index(i).text() + ": duplicate port definition with " +
                       (path / "ports").index(first->second).text());
  }
}

void warn_container(const corev1::Container& container, const FieldPath& path, std::vector<std::string>& warnings) {
  warn_fractional_bytes(container.resources().limits(), path / "resources" / "limits", warnings);
  warn_fractional_bytes(container.resources().requests(), path / "resources" / "requests", warnings);
  warn_hidden_variables(container, path, warnings);
  warn_ports(container, path, warnings);
}

void warn_pull_secrets(const corev1::PodSpec& spec, const FieldPath& path, std::vector<std::string>& warnings) {
  std::map<std::string_view, int> seen;
  for (int i = 0; i < spec.imagepullsecrets_size(); ++i) {
    const std::string& name = spec.imagepullsecrets(i).name();
    std::string at = ((path / "imagePullSecrets").index(i) / "name").text();
    if (name.empty()) {
      warnings.push_back(at + ": invalid empty name \"\"");
    } else if (!seen.emplace(name, i).second) {
      warnings.push_back(at + ": duplicate name " + quote(name));
    }
  }
}

}  // namespace

void warn_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, std::vector<std::string>& warnings) {
  for (int i = 0; i < spec.initcontainers_size(); ++i) warn_container(spec.initcontainers(i), (path / "initContainers").index(i), warnings);
  for (int i = 0; i < spec.containers_size(); ++i) warn_container(spec.containers(i), (path / "containers").index(i), warnings);
  warn_pull_secrets(spec, path, warnings);
  for (int i = 0; i < spec.volumes_size(); ++i) {
    const corev1::Volume& volume = spec.volumes(i);
    if (volume.volumesource().has_projected() && volume.volumesource().projected().sources().empty()) {
      warnings.push_back("volume " + quote(volume.name()) + " (Projected) has no sources provided");
    }
  }
  if (spec.terminationgraceperiodseconds() < 0) {
    warnings.push_back((path / "terminationGracePeriodSeconds").text() +
                       ": must be >= 0; negative values are invalid and will be treated as 1");
  }
}

void warn_pod(const Message& next_object, const Message* old, std::vector<std::string>& warnings) {
  const auto& next = static_cast<const corev1::Pod&>(next_object);
  if (old == nullptr && !dns_label_faults(next.metadata().name()).empty()) {
    warnings.push_back("metadata.name: this is used in the Pod's hostname, which can have surprising effects; a DNS label is recommended");
  }
  if (old != nullptr && semantically_equal(next.spec(), static_cast<const corev1::Pod*>(old)->spec())) return;
  warn_pod_spec(next.spec(), FieldPath("spec"), warnings);
}

}  // namespace stint::core
