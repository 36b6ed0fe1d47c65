#include "api/core/persistentvolume_validation.h"

#include <algorithm>

#include "api/core/access_modes.h"
#include "api/core/pod_validation.h"
#include "api/core/resource_names.h"
#include "api/equality.h"
#include "api/immutable_field.h"
#include "api/json.h"
#include "api/names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

using Source = corev1::PersistentVolumeSource;
using Spec = corev1::PersistentVolumeSpec;

constexpr std::string_view kReclaimPolicies[] = {"Delete", "Recycle", "Retain"};
constexpr const char* kMountOptionsAnnotation = "volume.beta.kubernetes.io/mount-options";
// The order in which upstream looks: the first that is set counts, the others are one too many.
constexpr const char* kSources[] = {"hostPath",
                                    "gcePersistentDisk",
                                    "awsElasticBlockStore",
                                    "glusterfs",
                                    "flocker",
                                    "nfs",
                                    "rbd",
                                    "quobyte",
                                    "cephfs",
                                    "iscsi",
                                    "cinder",
                                    "fc",
                                    "flexVolume",
                                    "azureFile",
                                    "vsphereVolume",
                                    "photonPersistentDisk",
                                    "portworxVolume",
                                    "azureDisk",
                                    "scaleIO",
                                    "local",
                                    "storageos",
                                    "csi"};
constexpr std::string_view kTakeMountOptions[] = {"gcePersistentDisk",
                                                  "awsElasticBlockStore",
                                                  "glusterfs",
                                                  "nfs",
                                                  "rbd",
                                                  "quobyte",
                                                  "iscsi",
                                                  "cinder",
                                                  "cephfs",
                                                  "azureFile",
                                                  "vsphereVolume",
                                                  "azureDisk",
                                                  "photonPersistentDisk"};
constexpr size_t kDriverNameBytesMax = 63;

const corev1::PersistentVolume& as_volume(const Message& object) { return static_cast<const corev1::PersistentVolume&>(object); }

bool is_set(const Source& source, std::string_view name) {
  return source.GetReflection()->HasField(source, source.GetDescriptor()->FindFieldByName(std::string(name)));
}

void validate_secret(const corev1::SecretReference& secret, const FieldPath& path, FieldErrors& errors) {
  if (secret.name().empty()) {
    errors.required(path / "name");
  } else {
    add_faults(dns_subdomain_faults(secret.name()), path / "name", quote(secret.name()), errors);
  }
  if (secret.namespace_().empty()) {
    errors.required(path / "namespace");
  } else {
    add_faults(dns_label_faults(secret.namespace_()), path / "namespace", quote(secret.namespace_()), errors);
  }
}

void validate_csi(const corev1::CSIPersistentVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  if (!source.driver().empty()) {
    if (source.driver().size() > kDriverNameBytesMax) errors.too_long(path / "driver", kDriverNameBytesMax);
    std::string lower = source.driver();
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    add_faults(dns_subdomain_faults(lower), path / "driver", quote(source.driver()), errors);
  }
  if (source.has_controllerpublishsecretref()) {
    validate_secret(source.controllerpublishsecretref(), path / "controllerPublishSecretRef", errors);
  }
  if (source.has_controllerexpandsecretref()) {
    validate_secret(source.controllerexpandsecretref(), path / "controllerExpandSecretRef", errors);
  }
  if (source.has_nodepublishsecretref()) validate_secret(source.nodepublishsecretref(), path / "nodePublishSecretRef", errors);
  if (source.has_nodeexpandsecretref()) validate_secret(source.nodeexpandsecretref(), path / "nodeExpandSecretRef", errors);
}

void validate_local(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  const corev1::LocalVolumeSource& source = spec.persistentvolumesource().local();
  if (!source.path().empty()) validate_no_backstep(source.path(), path / "local" / "path", errors);
  if (!spec.has_nodeaffinity()) errors.required(path / "nodeAffinity", "Local volume requires node affinity");
}

void validate_one_source(const Spec& spec, const char* name, const FieldPath& path, FieldErrors& errors) {
  const Source& source = spec.persistentvolumesource();
  const FieldPath at = path / (std::string_view(name) == "gcePersistentDisk" ? "persistentDisk" : name);
  if (source.has_hostpath()) return validate_host_path(source.hostpath(), at, errors);
  const auto* field = source.GetDescriptor()->FindFieldByName(name);
  validate_outside_source(source.GetReflection()->GetMessage(source, field), at, errors);
  if (source.has_csi()) validate_csi(source.csi(), at, errors);
  if (source.has_local()) validate_local(spec, path, errors);
  if (source.has_scaleio() && source.scaleio().volumename().empty()) errors.required(at / "volumeName");
}

void validate_source(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  const char* first = nullptr;
  for (const char* name : kSources) {
    if (!is_set(spec.persistentvolumesource(), name)) continue;
    if (first == nullptr) {
      first = name;
      validate_one_source(spec, name, path, errors);
    } else {
      errors.forbidden(path / name, "may not specify more than 1 volume type");
    }
  }
  if (first == nullptr) errors.required(path, "must specify a volume type");
}

void validate_capacity(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  static constexpr std::string_view kKnown[] = {kStorage};
  if (spec.capacity().empty()) errors.required(path);
  if (spec.capacity().size() != 1 || !spec.capacity().contains(kStorage)) {
    json::Members amounts;
    for (const auto& [name, quantity] : spec.capacity()) amounts[name] = quantity.string();
    std::ranges::sort(amounts, {}, [](const auto& member) { return member.first; });
    const std::string shown = spec.capacity().empty() ? "null" : json::to_text(json::Value(std::move(amounts)));
    errors.add({"FieldValueNotSupported", "Unsupported value: " + shown + ": supported values: " + quote(kKnown[0]), path});
  }
  for (const auto& [name, quantity] : spec.capacity()) {
    const int64_t value = quantity_value(quantity).value_or(0);
    if (value < 0) errors.invalid(path.key(name), shown(value), "must be a valid resource quantity");
    validate_positive_quantity(quantity, path.key(name), errors);
  }
}

void validate_affinity(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.has_nodeaffinity()) return;
  if (!spec.nodeaffinity().has_required()) return errors.required(path / "required", "must specify required node constraints");
  validate_node_selector(spec.nodeaffinity().required(), path / "required", errors);
}

// Wiping a volume that is the node's root would wipe the node.
bool is_root(std::string path) {
  while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/."))) path.pop_back();
  return path == "/";
}

void validate_spec(const Spec& spec, const FieldPath& path, FieldErrors& errors) {
  validate_access_modes(spec.accessmodes(), "", path / "accessModes", errors);
  validate_capacity(spec, path / "capacity", errors);
  validate_one_of_if_set(spec.persistentvolumereclaimpolicy(), kReclaimPolicies, path / "persistentVolumeReclaimPolicy", errors);
  validate_affinity(spec, path / "nodeAffinity", errors);
  validate_source(spec, path, errors);
  const Source& source = spec.persistentvolumesource();
  if (source.has_hostpath() && is_root(source.hostpath().path()) && spec.persistentvolumereclaimpolicy() == "Recycle") {
    errors.forbidden(path / "persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
  }
  if (!spec.storageclassname().empty()) validate_class_name(spec.storageclassname(), path / "storageClassName", errors);
  if (spec.has_volumemode() && std::ranges::find(kVolumeModes, spec.volumemode()) == std::end(kVolumeModes)) {
    errors.not_supported(path / "volumeMode", spec.volumemode(), kVolumeModes);
  }
  if (!spec.has_volumeattributesclassname()) return;
  const FieldPath at = path / "volumeAttributesClassName";
  if (spec.volumeattributesclassname().empty()) {
    errors.required(at, "an empty string is disallowed");
  } else {
    validate_class_name(spec.volumeattributesclassname(), at, errors);
  }
  if (!source.has_csi()) errors.required(path / "csi", "has to be specified when using volumeAttributesClassName");
}

void validate_mount_options(const corev1::PersistentVolume& volume, FieldErrors& errors) {
  if (!volume.metadata().annotations().contains(kMountOptionsAnnotation)) return;
  const Source& source = volume.spec().persistentvolumesource();
  if (std::ranges::any_of(kTakeMountOptions, [&](std::string_view name) { return is_set(source, name); })) return;
  errors.forbidden(FieldPath("metadata.annotations") / kMountOptionsAnnotation, "may not specify mount options for this volume type");
}

// The secret for growing may be given later, once.
Source restored(const Source& next, const Source& old) {
  Source source = next;
  if (old.has_csi() && !old.csi().has_controllerexpandsecretref() && next.has_csi()) {
    source.mutable_csi()->clear_controllerexpandsecretref();
  }
  return source;
}

}  // namespace

void validate_volume(const Message& object, FieldErrors& errors) {
  validate_spec(as_volume(object).spec(), FieldPath("spec"), errors);
  validate_mount_options(as_volume(object), errors);
}

void validate_volume_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  validate_volume(next_object, errors);
  const Spec& next = as_volume(next_object).spec();
  const Spec& old = as_volume(old_object).spec();
  if (!semantically_equal(restored(next.persistentvolumesource(), old.persistentvolumesource()), old.persistentvolumesource())) {
    errors.forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
  }
  validate_immutable_field(next, old, "volumeMode", FieldPath(), errors);
  if (old.has_nodeaffinity() && !semantically_equal_field(next, old, Spec::descriptor()->FindFieldByName("nodeAffinity"))) {
    const std::string shown = next.has_nodeaffinity() ? json::encode(next.nodeaffinity()) : "null";
    errors.invalid("nodeAffinity", shown, "field is immutable, except for updating from beta label to GA");
  }
  if (old.has_volumeattributesclassname() && !next.has_volumeattributesclassname()) {
    errors.forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
  }
}

void warn_volume(const Message& next, const Message*, std::vector<std::string>& warnings) {
  struct Old {
    const char* name;
    std::string_view field, text;
  };
  static constexpr Old kOld[] = {
      {"cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
      {"photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
      {"scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
      {"storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
      {"glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
      {"rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"},
  };
  const corev1::PersistentVolume& volume = as_volume(next);
  const FieldPath annotations("metadata.annotations");
  if (volume.metadata().annotations().contains(kStorageClassAnnotation)) {
    warnings.push_back(annotations.key(kStorageClassAnnotation).text() +
                       ": deprecated since v1.8; use \"storageClassName\" attribute instead");
  }
  if (volume.metadata().annotations().contains(kMountOptionsAnnotation)) {
    warnings.push_back(annotations.key(kMountOptionsAnnotation).text() +
                       ": deprecated since v1.31; use \"mountOptions\" attribute instead");
  }
  if (volume.spec().persistentvolumereclaimpolicy() == "Recycle") {
    warnings.emplace_back(
        "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic "
        "provisioning.");
  }
  for (const Old& old : kOld) {
    if (is_set(volume.spec().persistentvolumesource(), old.name)) {
      warnings.push_back("spec." + std::string(old.field) + ": " + std::string(old.text));
    }
  }
}

}  // namespace stint::core
