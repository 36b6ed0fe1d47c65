// A container's environment: env, envFrom, and the references to fields, resources and keys.
#include <algorithm>

#include "api/core/pod_validation.h"
#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

constexpr std::string_view kEnvFields[] = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
constexpr std::string_view kVolumeFields[] = {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
                                              "metadata.uid"};
// Known of pods, and for neither.
constexpr std::string_view kOtherFields[] = {"spec.restartPolicy", "spec.schedulerName", "status.phase"};
constexpr std::string_view kResources[] = {"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
                                           "requests.cpu", "requests.ephemeral-storage", "requests.memory"};
constexpr std::string_view kCpuDivisors[] = {"1m", "1"};
constexpr std::string_view kByteDivisors[] = {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};

constexpr std::string_view kOneSource = "may not have more than one field specified at a time";

// "metadata.labels['key']" → its two parts.
struct Subscripted {
  std::string_view path;
  std::string_view key;
};
std::optional<Subscripted> split_subscript(std::string_view text) {
  size_t open = text.find("['");
  if (open == text.npos || !text.ends_with("']") || open == 0 || open + 4 > text.size()) return std::nullopt;
  return Subscripted{text.substr(0, open), text.substr(open + 2, text.size() - open - 4)};
}

std::string_view bytes_of(std::string_view resource) {
  if (resource.ends_with(".memory")) return "memory";
  return resource.ends_with(".ephemeral-storage") ? "local ephemeral storage" : "hugepages";
}

bool has_divisor(std::string_view resource) {
  return std::ranges::find(kResources, resource) != std::end(kResources) || resource.starts_with("limits.hugepages-") ||
         resource.starts_with("requests.hugepages-");
}

void validate_divisor(const corev1::ResourceFieldSelector& selector, const FieldPath& path, FieldErrors& errors) {
  const std::string& divisor = selector.divisor().string();
  if (divisor.empty() || divisor == "0" || !has_divisor(selector.resource())) return;
  bool cpu = selector.resource().ends_with(".cpu");
  std::span<const std::string_view> choices = cpu ? std::span<const std::string_view>(kCpuDivisors) : kByteDivisors;
  if (std::ranges::find(choices, divisor) != choices.end()) return;
  errors.invalid(path / "divisor", quote(selector.resource()),
                 cpu ? "only divisor's values 1m and 1 are supported with the cpu resource"
                     : "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the " +
                           std::string(bytes_of(selector.resource())) + " resource");
}

template <class Selector>
void validate_key_ref(const Selector& selector, const FieldPath& path, FieldErrors& errors) {
  const std::string& name = selector.localobjectreference().name();
  add_faults(dns_subdomain_faults(name), path / "name", quote(name), errors);
  if (selector.key().empty()) {
    errors.required(path / "key");
  } else {
    add_faults(config_key_faults(selector.key()), path / "key", quote(selector.key()), errors);
  }
}

void validate_file_key(const corev1::FileKeySelector& selector, const FieldPath& path, FieldErrors& errors) {
  if (selector.key().empty()) {
    errors.required(path / "key");
  } else {
    add_faults(env_name_faults(selector.key()), path / "key", quote(selector.key()), errors);
  }
  if (selector.volumename().empty()) {
    errors.required(path / "volumeName");
  } else {
    add_faults(dns_label_faults(selector.volumename()), path / "volumeName", quote(selector.volumename()), errors);
  }
  if (selector.path().empty()) {
    errors.required(path / "path");
  } else {
    validate_no_backstep(selector.path(), path / "path", errors);
  }
}

void validate_value_from(const corev1::EnvVar& variable, const FieldPath& path, FieldErrors& errors) {
  if (!variable.has_valuefrom()) return;
  const corev1::EnvVarSource& source = variable.valuefrom();
  int sources = source.has_fieldref() + source.has_resourcefieldref() + source.has_configmapkeyref() + source.has_secretkeyref() +
                source.has_filekeyref();
  if (source.has_fieldref()) validate_field_ref(source.fieldref(), false, path / "fieldRef", errors);
  if (source.has_resourcefieldref()) validate_resource_ref(source.resourcefieldref(), false, path / "resourceFieldRef", errors);
  if (source.has_configmapkeyref()) validate_key_ref(source.configmapkeyref(), path / "configMapKeyRef", errors);
  if (source.has_secretkeyref()) validate_key_ref(source.secretkeyref(), path / "secretKeyRef", errors);
  if (source.has_filekeyref()) validate_file_key(source.filekeyref(), path / "fileKeyRef", errors);
  if (sources == 0) {
    errors.invalid(path, quote(""),
                   "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  } else if (!variable.value().empty()) {
    errors.invalid(path, quote(""), "may not be specified when `value` is not empty");
  } else if (sources > 1) {
    errors.invalid(path, quote(""), kOneSource);
  }
}

void validate_source_name(const corev1::LocalObjectReference& source, const FieldPath& path, FieldErrors& errors) {
  if (source.name().empty()) return errors.required(path / "name");
  add_faults(dns_subdomain_faults(without_trailing_dash(source.name())), path / "name", quote(source.name()), errors);
}

void validate_env_from(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < container.envfrom_size(); ++i) {
    const corev1::EnvFromSource& source = container.envfrom(i);
    FieldPath at = path.index(i);
    if (!source.prefix().empty()) add_faults(env_name_faults(source.prefix()), at / "prefix", quote(source.prefix()), errors);
    if (source.has_configmapref()) validate_source_name(source.configmapref().localobjectreference(), at / "configMapRef", errors);
    if (source.has_secretref()) validate_source_name(source.secretref().localobjectreference(), at / "secretRef", errors);
    if (source.has_configmapref() && source.has_secretref()) {
      errors.invalid(path, quote(""), kOneSource);
    } else if (!source.has_configmapref() && !source.has_secretref()) {
      errors.invalid(path, quote(""), "must specify one of: `configMapRef` or `secretRef`");
    }
  }
}

}  // namespace

void validate_field_ref(const corev1::ObjectFieldSelector& selector, bool in_volume, const FieldPath& path, FieldErrors& errors) {
  if (selector.apiversion().empty()) return errors.required(path / "apiVersion");
  const std::string& field = selector.fieldpath();
  if (field.empty()) return errors.required(path / "fieldPath");
  if (selector.apiversion() != "v1") {
    return errors.invalid(path / "fieldPath", quote(field),
                          "error converting fieldPath: unsupported pod version: " + selector.apiversion());
  }
  if (std::optional<Subscripted> parts = split_subscript(field)) {
    std::string key(parts->key);
    if (parts->path == "metadata.annotations") {
      std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    } else if (parts->path != "metadata.labels") {
      return errors.invalid(path / "fieldPath", quote(field),
                            "error converting fieldPath: field label does not support subscript: " + field);
    }
    return add_faults(qualified_name_faults(key), path, quote(key), errors);
  }
  std::span<const std::string_view> own = in_volume ? std::span<const std::string_view>(kVolumeFields) : kEnvFields;
  if (std::ranges::find(own, field) != own.end()) return;
  auto has = [&](const auto& fields) { return std::ranges::find(fields, field) != std::end(fields); };
  bool known = has(kVolumeFields) || has(kEnvFields) || has(kOtherFields);
  if (known) {
    errors.not_supported(path / "fieldPath", field, own);
  } else {
    errors.invalid(path / "fieldPath", quote(field), "error converting fieldPath: field label not supported: " + field);
  }
}

void validate_resource_ref(const corev1::ResourceFieldSelector& selector, bool in_volume, const FieldPath& path, FieldErrors& errors) {
  const std::string& name = selector.resource();
  bool huge_pages = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
  if (in_volume && selector.containername().empty()) {
    errors.required(path / "containerName");
  } else if (name.empty()) {
    errors.required(path / "resource");
  } else if (!huge_pages && std::ranges::find(kResources, name) == std::end(kResources)) {
    errors.not_supported(path / "resource", name, kResources);
  }
  validate_divisor(selector, path, errors);
}

void validate_env(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < container.env_size(); ++i) {
    const corev1::EnvVar& variable = container.env(i);
    FieldPath at = (path / "env").index(i);
    if (variable.name().empty()) {
      errors.required(at / "name");
    } else {
      add_faults(env_name_faults(variable.name()), at / "name", quote(variable.name()), errors);
    }
    validate_value_from(variable, at / "valueFrom", errors);
  }
  validate_env_from(container, path / "envFrom", errors);
}

}  // namespace stint::core
