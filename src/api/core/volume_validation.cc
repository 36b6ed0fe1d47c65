// Volumes and where containers mount them.
#include <algorithm>
#include <set>

#include "api/core/persistentvolumeclaim_validation.h"
#include "api/core/pod_validation.h"
#include "api/names.h"
#include "api/quantity.h"
#include "stint/options.pb.h"

namespace stint::core {
namespace {

constexpr int32_t kFileModeMax = 0777;
constexpr int32_t kDirectoryModeMax = 01777;
constexpr int64_t kTokenSecondsMin = 600;
constexpr int64_t kTokenSecondsMax = int64_t{1} << 32;

constexpr std::string_view kHostPathTypes[] = {"",     "BlockDevice",  "CharDevice", "Directory", "DirectoryOrCreate",
                                               "File", "FileOrCreate", "Socket"};
constexpr std::string_view kPullPolicies[] = {"Always", "IfNotPresent", "Never"};
constexpr std::string_view kPropagations[] = {"Bidirectional", "HostToContainer", "None"};
constexpr std::string_view kRecursiveReadOnly[] = {"Disabled", "Enabled", "IfPossible"};

void validate_mode(bool is_set, int32_t mode, const FieldPath& path, FieldErrors& errors) {
  if (is_set && (mode < 0 || mode > kFileModeMax)) {
    errors.invalid(path, shown(mode), "must be a number between 0 and 0777 (octal), both inclusive");
  }
}

bool has_backstep(std::string_view text) {
  for (size_t slash; (slash = text.find('/')) != text.npos; text.remove_prefix(slash + 1)) {
    if (text.substr(0, slash) == "..") return true;
  }
  return text == "..";
}

// A path inside a volume; names that begin with ".." are the volume writer's own.
void validate_volume_path(const std::string& text, const FieldPath& path, FieldErrors& errors) {
  validate_descending_path(text, path, errors);
  if (text.starts_with("..") && !text.starts_with("../") && text != "..") errors.invalid(path, quote(text), "must not start with '..'");
}

using Items = google::protobuf::RepeatedPtrField<corev1::KeyToPath>;

void validate_items(const Items& items, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < items.size(); ++i) {
    FieldPath at = path.index(i);
    if (items[i].key().empty()) errors.required(at / "key");
    if (items[i].path().empty()) errors.required(at / "path");
    validate_volume_path(items[i].path(), at / "path", errors);
    validate_mode(items[i].has_mode(), items[i].mode(), at / "mode", errors);
  }
}

void validate_downward_file(const corev1::DownwardAPIVolumeFile& file, const FieldPath& path, FieldErrors& errors) {
  if (file.path().empty()) errors.required(path / "path");
  validate_volume_path(file.path(), path / "path", errors);
  if (file.has_fieldref()) {
    validate_field_ref(file.fieldref(), true, path / "fieldRef", errors);
    if (file.has_resourcefieldref()) {
      errors.invalid(path, quote("resource"), "fieldRef and resourceFieldRef can not be specified simultaneously");
    }
  } else if (file.has_resourcefieldref()) {
    validate_resource_ref(file.resourcefieldref(), true, path / "resourceFieldRef", errors);
  } else {
    errors.required(path, "one of fieldRef and resourceFieldRef is required");
  }
  validate_mode(file.has_mode(), file.mode(), path / "mode", errors);
}

void validate_token(const corev1::ServiceAccountTokenProjection& token, const FieldPath& volume_path, const FieldPath& path,
                    FieldErrors& errors) {
  FieldPath seconds = path / "expirationSeconds";
  if (!token.has_expirationseconds()) {
    errors.required(seconds);
  } else if (token.expirationseconds() < kTokenSecondsMin) {
    errors.invalid(seconds, shown(token.expirationseconds()), "may not specify a duration less than 10 minutes");
  } else if (token.expirationseconds() > kTokenSecondsMax) {
    errors.invalid(seconds, shown(token.expirationseconds()), "may not specify a duration larger than 2^32 seconds");
  }
  if (token.path().empty()) {
    errors.required(volume_path / "path");
  } else {
    validate_volume_path(token.path(), volume_path / "path", errors);
  }
}

// Projections share one directory: no path twice, where the paths are known.
class ProjectionCheck {
 public:
  ProjectionCheck(const FieldPath& path, FieldErrors& errors) : path_(path), errors_(errors) {}

  void check(const corev1::VolumeProjection& source, const FieldPath& at) {
    int kinds = source.has_secret() + source.has_configmap() + source.has_downwardapi() + source.has_serviceaccounttoken() +
                source.has_clustertrustbundle() + source.has_podcertificate();
    if (kinds > 1) errors_.forbidden(at, "may not specify more than 1 volume type per source");
    if (source.has_secret()) check_object(source.secret(), at / "secret");
    if (source.has_configmap()) check_object(source.configmap(), at / "configMap");
    if (source.has_downwardapi()) {
      for (const corev1::DownwardAPIVolumeFile& file : source.downwardapi().items()) {
        validate_downward_file(file, at / "downwardAPI", errors_);
        claim(file.path(), file.path());
      }
    }
    if (source.has_serviceaccounttoken()) validate_token(source.serviceaccounttoken(), path_, at / "serviceAccountToken", errors_);
  }

 private:
  template <class Projection>
  void check_object(const Projection& projection, const FieldPath& at) {
    const std::string& name = projection.localobjectreference().name();
    if (name.empty()) errors_.required(at / "name");
    validate_items(projection.items(), at / "items", errors_);
    for (const corev1::KeyToPath& item : projection.items()) claim(item.path(), name);
  }
  void claim(const std::string& file, const std::string& shown_name) {
    if (!file.empty() && !files_.insert(file).second) errors_.invalid(path_, quote(shown_name), "conflicting duplicate paths");
  }

  const FieldPath& path_;
  FieldErrors& errors_;
  std::set<std::string> files_;
};

void validate_projected(const corev1::ProjectedVolumeSource& projected, const FieldPath& path, FieldErrors& errors) {
  validate_mode(projected.has_defaultmode(), projected.defaultmode(), path / "defaultMode", errors);
  ProjectionCheck check(path, errors);
  for (int i = 0; i < projected.sources_size(); ++i) check.check(projected.sources(i), (path / "sources").index(i));
}

void validate_empty_dir(const corev1::EmptyDirVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  if (source.has_sizelimit() && compare_quantities(source.sizelimit().string(), "0") < 0) {
    errors.forbidden(path / "sizeLimit", "SizeLimit field must be a valid resource quantity");
  }
  if (source.has_mode() && (source.mode() < 0 || source.mode() > kDirectoryModeMax)) {
    errors.invalid(path / "mode", shown(source.mode()), "must be a number between 0 and 01777 (octal), both inclusive");
  }
}

// ConfigMap and Secret volumes differ in how they name their object.
template <class Source>
void validate_key_files(const Source& source, const std::string& name, const FieldPath& name_path, const FieldPath& path,
                        FieldErrors& errors) {
  if (name.empty()) errors.required(name_path);
  validate_mode(source.has_defaultmode(), source.defaultmode(), path / "defaultMode", errors);
  validate_items(source.items(), path / "items", errors);
}

void validate_downward(const corev1::DownwardAPIVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  validate_mode(source.has_defaultmode(), source.defaultmode(), path / "defaultMode", errors);
  for (const corev1::DownwardAPIVolumeFile& file : source.items()) validate_downward_file(file, path, errors);
}

// What the declaration marks as required must not be empty.
void validate_required_members(const Message& source, const FieldPath& path, FieldErrors& errors) {
  const auto& access = *source.GetReflection();
  for (int i = 0; i < source.GetDescriptor()->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = source.GetDescriptor()->field(i);
    if (!field->options().GetExtension(stint::required)) continue;
    if (field->is_repeated()) {
      if (access.FieldSize(source, field) == 0) errors.required(path / field->name());
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING && access.GetString(source, field).empty()) {
      errors.required(path / field->name());
    }
  }
}

// "2001-04.com.example:disk"
bool is_iqn(std::string_view text) {
  auto digits = [&](size_t from, size_t count) {
    return text.size() >= from + count &&
           std::ranges::all_of(text.substr(from, count), [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  const size_t colon = text.find(':');
  if (!digits(0, 4) || !digits(5, 2) || text[4] != '-' || text[7] != '.' || colon == text.npos || colon <= 8) return false;
  auto of_domain = [](unsigned char c) { return (c < 0x80 && std::isalnum(c)) || c == '-' || c == '.'; };
  const std::string_view name = text.substr(colon + 1);
  return std::ranges::all_of(text.substr(8, colon - 8), of_domain) && !name.empty() && name.find_first_of(",;*&$| \t\n\f\r") == name.npos;
}

// "iqn.…", or "eui." and "naa." with so many letters and digits.
void validate_iscsi_name(const std::string& name, const FieldPath& path, FieldErrors& errors) {
  const std::string_view form = std::string_view(name).substr(0, 3);
  if (form != "iqn" && form != "eui" && form != "naa") {
    return errors.invalid(path, quote(name), "must be valid format starting with iqn, eui, or naa");
  }
  const std::string_view rest = std::string_view(name).substr(std::min<size_t>(4, name.size()));
  const bool plain = std::ranges::all_of(rest, [](unsigned char c) { return c < 0x80 && std::isalnum(c); });
  const bool fits = form == "iqn" ? is_iqn(rest) : plain && rest.size() == (form == "eui" ? 16 : 32);
  if (!fits) errors.invalid(path, quote(name), "must be valid format");
}

void validate_iscsi(const corev1::ISCSIVolumeSource& disk, const FieldPath& path, FieldErrors& errors) {
  if (disk.targetportal().empty()) errors.required(path / "targetPortal");
  if (disk.iqn().empty()) {
    errors.required(path / "iqn");
  } else {
    validate_iscsi_name(disk.iqn(), path / "iqn", errors);
  }
  if (disk.lun() < 0 || disk.lun() > 255) errors.invalid(path / "lun", shown(disk.lun()), "must be between 0 and 255, inclusive");
  if ((disk.chapauthdiscovery() || disk.chapauthsession()) && !disk.has_secretref()) errors.required(path / "secretRef");
  if (disk.has_initiatorname()) validate_iscsi_name(disk.initiatorname(), path / "initiatorname", errors);
}

// A claim that is made with the pod.
void validate_ephemeral(const corev1::EphemeralVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  const FieldPath at = path / "volumeClaimTemplate";
  if (!source.has_volumeclaimtemplate()) return errors.required(at);
  const metav1::ObjectMeta& metadata = source.volumeclaimtemplate().metadata();
  validate_labels(metadata.labels(), at / "metadata" / "labels", errors);
  validate_annotations(metadata.annotations(), at / "metadata" / "annotations", errors);
  validate_claim_spec(source.volumeclaimtemplate().spec(), at / "spec", errors);
}

bool is_outside(std::string_view source) {
  static constexpr std::string_view kInside[] = {
      "emptyDir", "hostPath", "configMap", "secret", "downwardAPI", "projected", "persistentVolumeClaim", "ephemeral", "image"};
  return std::ranges::find(kInside, source) == std::end(kInside);
}

void validate_source(const corev1::VolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  std::vector<const google::protobuf::FieldDescriptor*> chosen;
  source.GetReflection()->ListFields(source, &chosen);
  if (chosen.empty()) return errors.required(path, "must specify a volume type");
  // Whatever else is given, upstream looks for this one first.
  std::ranges::sort(chosen, {},
                    [](const google::protobuf::FieldDescriptor* field) { return field->name() == "emptyDir" ? -1 : field->index(); });
  for (size_t i = 1; i < chosen.size(); ++i) errors.forbidden(path / chosen[i]->name(), "may not specify more than 1 volume type");
  if (source.has_emptydir()) validate_empty_dir(source.emptydir(), path / "emptyDir", errors);
  if (source.has_hostpath()) validate_host_path(source.hostpath(), path / "hostPath", errors);
  if (source.has_configmap()) {
    FieldPath at = path / "configMap";
    validate_key_files(source.configmap(), source.configmap().localobjectreference().name(), at / "name", at, errors);
  }
  if (source.has_secret()) {
    FieldPath at = path / "secret";
    validate_key_files(source.secret(), source.secret().secretname(), at / "secretName", at, errors);
  }
  if (source.has_downwardapi()) validate_downward(source.downwardapi(), path / "downwardAPI", errors);
  if (source.has_projected()) validate_projected(source.projected(), path / "projected", errors);
  if (source.has_persistentvolumeclaim() && source.persistentvolumeclaim().claimname().empty()) {
    errors.required(path / "persistentVolumeClaim" / "claimName");
  }
  if (source.has_image()) {
    if (source.image().reference().empty()) errors.required(path / "image" / "reference");
    validate_one_of(source.image().pullpolicy(), kPullPolicies, path / "image" / "pullPolicy", errors);
  }
  if (source.has_ephemeral()) validate_ephemeral(source.ephemeral(), path / "ephemeral", errors);
  if (!is_outside(chosen.front()->name())) return;
  const FieldPath at = path / (source.has_gcepersistentdisk() ? "persistentDisk" : chosen.front()->name());
  validate_outside_source(source.GetReflection()->GetMessage(source, chosen.front()), at, errors);
}

void validate_mount_options(const corev1::Container& container, const corev1::VolumeMount& mount, const FieldPath& path,
                            FieldErrors& errors) {
  if (mount.has_mountpropagation()) {
    validate_one_of(mount.mountpropagation(), kPropagations, path / "mountPropagation", errors);
    if (mount.mountpropagation() == "Bidirectional" && !container.securitycontext().privileged()) {
      errors.forbidden(path / "mountPropagation", "Bidirectional mount propagation is available only to privileged containers");
    }
  }
  if (!mount.has_recursivereadonly() || mount.recursivereadonly() == "Disabled") return;
  FieldPath recursive = path / "recursiveReadOnly";
  if (std::ranges::find(kRecursiveReadOnly, mount.recursivereadonly()) == std::end(kRecursiveReadOnly)) {
    return errors.not_supported(recursive, mount.recursivereadonly(), kRecursiveReadOnly);
  }
  if (!mount.readonly()) errors.forbidden(recursive, "may only be specified when readOnly is true");
  if (mount.has_mountpropagation() && mount.mountpropagation() != "None") {
    errors.forbidden(recursive, "may only be specified when mountPropagation is None or not specified");
  }
}

// Faults of sub-paths and options stand at the list as a whole, as upstream reports them.
void validate_mount(const corev1::Container& container, const corev1::VolumeMount& mount, const FieldPath& list, const FieldPath& at,
                    FieldErrors& errors) {
  if (!mount.subpath().empty()) validate_descending_path(mount.subpath(), list / "subPath", errors);
  if (!mount.subpathexpr().empty()) {
    if (!mount.subpath().empty()) {
      errors.invalid(at / "subPathExpr", quote(mount.subpathexpr()), "subPathExpr and subPath are mutually exclusive");
    }
    validate_descending_path(mount.subpathexpr(), list / "subPathExpr", errors);
  }
  validate_mount_options(container, mount, list, errors);
}

}  // namespace

void validate_no_backstep(const std::string& text, const FieldPath& path, FieldErrors& errors) {
  if (has_backstep(text)) errors.invalid(path, quote(text), "must not contain '..'");
}

void validate_outside_source(const Message& source, const FieldPath& path, FieldErrors& errors) {
  if (const auto* disk = dynamic_cast<const corev1::ISCSIVolumeSource*>(&source)) return validate_iscsi(*disk, path, errors);
  validate_required_members(source, path, errors);
  const auto* share = dynamic_cast<const corev1::NFSVolumeSource*>(&source);
  if (share != nullptr && !share->path().starts_with('/')) errors.invalid(path / "path", quote(share->path()), "must be an absolute path");
}

void validate_descending_path(const std::string& text, const FieldPath& path, FieldErrors& errors) {
  if (text.starts_with('/')) errors.invalid(path, quote(text), "must be a relative path");
  validate_no_backstep(text, path, errors);
}

void validate_host_path(const corev1::HostPathVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  if (source.path().empty()) return errors.required(path / "path");
  validate_no_backstep(source.path(), path / "path", errors);
  validate_one_of_if_set(source.type(), kHostPathTypes, path / "type", errors);
}

Volumes validate_volumes(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  Volumes sound;
  for (int i = 0; i < spec.volumes_size(); ++i) {
    const corev1::Volume& volume = spec.volumes(i);
    FieldErrors own;
    validate_source(volume.volumesource(), path.index(i), own);
    FieldPath name = path.index(i) / "name";
    if (volume.name().empty()) {
      own.required(name);
    } else {
      add_faults(dns_label_faults(volume.name()), name, quote(volume.name()), own);
    }
    if (sound.contains(volume.name())) own.duplicate(name, quote(volume.name()));
    if (own.empty()) sound.emplace(volume.name(), &volume.volumesource());
    errors.append(own);
  }
  return sound;
}

void validate_devices(const corev1::Container& container, const Volumes& volumes, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names, paths, mounted_names, mounted_paths;
  for (const corev1::VolumeMount& mount : container.volumemounts()) {
    mounted_names.insert(mount.name());
    mounted_paths.insert(mount.mountpath());
  }
  for (int i = 0; i < container.volumedevices_size(); ++i) {
    const corev1::VolumeDevice& device = container.volumedevices(i);
    const FieldPath name = path.index(i) / "name", device_path = path.index(i) / "devicePath";
    const auto volume = volumes.find(device.name());
    if (device.name().empty()) errors.required(name);
    if (names.contains(device.name())) errors.invalid(name, quote(device.name()), "must be unique");
    if (volume == volumes.end()) {
      errors.not_found(name, quote(device.name()));
    } else if (!volume->second->has_persistentvolumeclaim() && !volume->second->has_ephemeral()) {
      errors.invalid(name, quote(device.name()), "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (device.devicepath().empty()) errors.required(device_path);
    if (paths.contains(device.devicepath())) errors.invalid(device_path, quote(device.devicepath()), "must be unique");
    if (has_backstep(device.devicepath())) {
      errors.invalid(device_path, quote(device.devicepath()), "can not contain backsteps ('..')");
    } else {
      paths.insert(device.devicepath());
    }
    if (mounted_names.contains(device.name())) errors.invalid(name, quote(device.name()), "must not already exist in volumeMounts");
    if (mounted_paths.contains(device.devicepath())) {
      errors.invalid(device_path, quote(device.devicepath()), "must not already exist as a path in volumeMounts");
    }
    if (!device.name().empty()) names.insert(device.name());
  }
}

void validate_mounts(const corev1::Container& container, const Volumes& volumes, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> mount_points, device_names, device_paths;
  for (const corev1::VolumeDevice& device : container.volumedevices()) {
    device_names.insert(device.name());
    device_paths.insert(device.devicepath());
  }
  for (int i = 0; i < container.volumemounts_size(); ++i) {
    const corev1::VolumeMount& mount = container.volumemounts(i);
    FieldPath at = path.index(i);
    if (mount.name().empty()) errors.required(at / "name");
    if (!volumes.contains(mount.name())) errors.not_found(at / "name", quote(mount.name()));
    if (mount.mountpath().empty()) errors.required(at / "mountPath");
    if (!mount_points.insert(mount.mountpath()).second) errors.invalid(at / "mountPath", quote(mount.mountpath()), "must be unique");
    if (device_names.contains(mount.name())) errors.invalid(at / "name", quote(mount.name()), "must not already exist in volumeDevices");
    if (device_paths.contains(mount.mountpath())) {
      errors.invalid(at / "mountPath", quote(mount.mountpath()), "must not already exist as a path in volumeDevices");
    }
    validate_mount(container, mount, path, at, errors);
  }
}

}  // namespace stint::core
