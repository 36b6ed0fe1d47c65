#include "api/metadata_rules.h"

#include <algorithm>
#include <set>

#include "api/json.h"
#include "api/names.h"

namespace stint {
namespace {

constexpr std::string_view kImmutable = "field is immutable";

void validate_owner(const metav1::OwnerReference& owner, const FieldPath& path, FieldErrors& errors) {
  const std::string& version = owner.apiversion();
  size_t slash = version.find('/');
  if (version.empty()) {
    errors.required(path / "apiVersion", "must not be empty");
  } else if (std::ranges::count(version, '/') > 1 || slash == version.size() - 1) {
    errors.invalid(path / "apiVersion", quote(version), "must be <group>/<version> or <version>");
  }
  if (owner.kind().empty()) errors.required(path / "kind", "must not be empty");
  if (owner.name().empty()) errors.required(path / "name", "must not be empty");
  if (owner.uid().empty()) errors.required(path / "uid", "must not be empty");
  if (version == "v1" && owner.kind() == "Event") {
    errors.invalid(path, json::encode(owner), "/v1, Kind=Event is disallowed from being an owner");
  }
}

// "[…]": the list as it is written.
template <class Items, class Text>
std::string shown_list(const Items& items, Text text_of) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + text_of(item);
  return "[" + text + "]";
}

void validate_owners(const metav1::ObjectMeta& meta, const FieldPath& path, FieldErrors& errors) {
  std::string controller;
  for (int i = 0; i < meta.ownerreferences_size(); ++i) {
    const metav1::OwnerReference& owner = meta.ownerreferences(i);
    validate_owner(owner, path.index(i), errors);
    if (!owner.controller()) continue;
    std::string name = owner.kind() + "/" + owner.name();
    if (controller.empty()) {
      controller = name;
    } else {
      errors.invalid(path, shown_list(meta.ownerreferences(), [](const metav1::OwnerReference& one) { return json::encode(one); }),
                     "Only one reference can have Controller set to true. Found \"true\" in references for " + controller + " and " + name);
    }
  }
}

void validate_finalizers(const metav1::ObjectMeta& meta, const FieldPath& path, FieldErrors& errors) {
  for (const std::string& finalizer : meta.finalizers()) add_faults(qualified_name_faults(finalizer), path, quote(finalizer), errors);
  auto has = [&](std::string_view name) { return std::ranges::find(meta.finalizers(), name) != meta.finalizers().end(); };
  if (has("orphan") && has("foregroundDeletion")) {
    errors.invalid(path, shown_list(meta.finalizers(), quote), "finalizer orphan and foregroundDeletion cannot be both set");
  }
}

void validate_known_finalizers(const metav1::ObjectMeta& meta, const FieldPath& path, FieldErrors& errors) {
  for (int i = 0; i < meta.finalizers_size(); ++i) {
    if (is_known_finalizer(meta.finalizers(i))) continue;
    errors.invalid(path.index(i), quote(meta.finalizers(i)), "name is neither a standard finalizer name nor is it fully qualified");
  }
}

void validate_always(const metav1::ObjectMeta& meta, const FieldPath& path, FieldErrors& errors) {
  if (meta.generation() < 0) errors.invalid(path / "generation", shown(meta.generation()), "must be greater than or equal to 0");
  validate_labels(meta.labels(), path / "labels", errors);
  validate_annotations(meta.annotations(), path / "annotations", errors);
  validate_owners(meta, path / "ownerReferences", errors);
}

void validate_namespace(const Kind& kind, const metav1::ObjectMeta& meta, const FieldPath& path, FieldErrors& errors) {
  if (!kind.namespaced) {
    if (!meta.namespace_().empty()) errors.forbidden(path, "not allowed on this type");
    return;
  }
  if (meta.namespace_().empty()) {
    errors.required(path);
  } else {
    add_faults(dns_label_faults(meta.namespace_()), path, quote(meta.namespace_()), errors);
  }
}

void validate_no_new_finalizers(const metav1::ObjectMeta& next, const metav1::ObjectMeta& old, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> added(next.finalizers().begin(), next.finalizers().end());
  for (const std::string& finalizer : old.finalizers()) added.erase(finalizer);
  if (added.empty()) return;
  std::string list;
  for (std::string_view finalizer : added) list += (list.empty() ? "" : ", ") + quote(finalizer);
  errors.forbidden(path, "no new finalizers can be added if the object is being deleted, found new finalizers []string{" + list + "}");
}

std::string shown_time(const metav1::Time& time) { return quote(format_rfc3339(from_time(time))); }

void validate_deletion_unchanged(const metav1::ObjectMeta& next, const metav1::ObjectMeta& old, const FieldPath& path,
                                 FieldErrors& errors) {
  auto seconds = [](const metav1::ObjectMeta& meta) { return meta.has_deletiontimestamp() ? meta.deletiontimestamp().seconds() : 0; };
  if (seconds(next) != seconds(old)) errors.invalid(path / "deletionTimestamp", shown_time(next.deletiontimestamp()), kImmutable);
  if (next.deletiongraceperiodseconds() != old.deletiongraceperiodseconds()) {
    errors.invalid(path / "deletionGracePeriodSeconds", shown(next.deletiongraceperiodseconds()), kImmutable);
  }
}

}  // namespace

void validate_metadata(const Kind& kind, const Message& object, FieldErrors& errors) {
  const metav1::ObjectMeta& metadata = meta(object);
  FieldPath path("metadata");
  auto check = kind.rules && kind.rules->validate_name ? kind.rules->validate_name : name_is_dns_subdomain;
  if (!metadata.generatename().empty()) check(metadata.generatename(), true, errors, "metadata.generateName");
  if (metadata.name().empty()) {
    errors.required(path / "name", "name or generateName is required");
  } else {
    check(metadata.name(), false, errors, "metadata.name");
  }
  validate_namespace(kind, metadata, path / "namespace", errors);
  validate_always(metadata, path, errors);
  validate_finalizers(metadata, path / "finalizers", errors);
  validate_known_finalizers(metadata, path / "finalizers", errors);
}

void validate_metadata_update(const Message& next_object, const Message& old_object, FieldErrors& errors) {
  const metav1::ObjectMeta& next = meta(next_object);
  const metav1::ObjectMeta& old = meta(old_object);
  FieldPath path("metadata");
  if (old.has_deletiontimestamp()) validate_no_new_finalizers(next, old, path / "finalizers", errors);
  if (next.generation() < old.generation()) {
    errors.invalid(path / "generation", shown(next.generation()), "must not be decremented");
  }
  if (next.name() != old.name()) errors.invalid(path / "name", quote(next.name()), kImmutable);
  if (next.namespace_() != old.namespace_()) errors.invalid(path / "namespace", quote(next.namespace_()), kImmutable);
  if (next.uid() != old.uid()) errors.invalid(path / "uid", quote(next.uid()), kImmutable);
  if (next.creationtimestamp().seconds() != old.creationtimestamp().seconds()) {
    errors.invalid(path / "creationTimestamp", shown_time(next.creationtimestamp()), kImmutable);
  }
  validate_deletion_unchanged(next, old, path, errors);
  validate_always(next, path, errors);
  validate_known_finalizers(next, path / "finalizers", errors);
}

}  // namespace stint
