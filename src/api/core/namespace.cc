// Namespace. Source: upstream's pkg/registry/core/namespace/strategy.go.
#include <algorithm>

#include "api/core/rules.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr const char* kNameLabel = "kubernetes.io/metadata.name";
constexpr const char* kContentFinalizer = "kubernetes";

corev1::Namespace& as_namespace(Message& object) { return static_cast<corev1::Namespace&>(object); }
const corev1::Namespace& as_namespace(const Message& object) { return static_cast<const corev1::Namespace&>(object); }

// The label by which selectors find a namespace by name; nobody else decides it.
void set_name_label(corev1::Namespace& object) {
  if (object.metadata().name().empty()) return;
  (*object.mutable_metadata()->mutable_labels())[kNameLabel] = object.metadata().name();
}

void set_defaults(Message& object) {
  corev1::Namespace& space = as_namespace(object);
  set_name_label(space);
  if (space.status().phase().empty()) space.mutable_status()->set_phase("Active");
}

void prepare_create(Message& object) {
  corev1::Namespace& space = as_namespace(object);
  set_name_label(space);
  space.clear_status();
  space.mutable_status()->set_phase("Active");
  auto& finalizers = *space.mutable_spec()->mutable_finalizers();
  if (std::ranges::find(finalizers, kContentFinalizer) == finalizers.end()) finalizers.Add(kContentFinalizer);
}

// Finalizers of the spec change through /finalize alone.
void prepare_update(Message& next, const Message& old) {
  *as_namespace(next).mutable_spec() = as_namespace(old).spec();
  *as_namespace(next).mutable_status() = as_namespace(old).status();
  set_name_label(as_namespace(next));
}

void prepare_status_update(Message& next, const Message& old) {
  *as_namespace(next).mutable_spec() = as_namespace(old).spec();
  set_name_label(as_namespace(next));
}

void validate(const Message& object, FieldErrors& errors) {
  for (const std::string& finalizer : as_namespace(object).spec().finalizers()) {
    const FieldPath path("spec.finalizers");
    add_faults(qualified_name_faults(finalizer), path, quote(finalizer), errors);
    if (is_known_finalizer(finalizer)) continue;
    errors.invalid(path, quote(finalizer), "name is neither a standard finalizer name nor is it fully qualified");
  }
}

void validate_update(const Message& next, const Message&, FieldErrors& errors) { validate(next, errors); }

void validate_status(const Message& object, const Message&, FieldErrors& errors) {
  const std::string& phase = as_namespace(object).status().phase();
  if (!is_deleting(object) && phase != "Active") {
    errors.invalid("status.Phase", quote(phase), "may only be 'Active' if `deletionTimestamp` is empty");
  }
  if (is_deleting(object) && phase != "Terminating") {
    errors.invalid("status.Phase", quote(phase), "may only be 'Terminating' if `deletionTimestamp` is not empty");
  }
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the namespace."},
    {.name = "Status", .description = "Active, or Terminating while its content is removed."},
    {.name = "Age", .description = "Time since creation."},
};

void row(const Message& object, WallTime now, Row& row) {
  row.cells = {meta(object).name(), as_namespace(object).status().phase(), age_of(object, now)};
}

constexpr SelectableField kFields[] = {
    {"status.phase", [](const Message& o) { return as_namespace(o).status().phase(); }},
};

}  // namespace

constinit const Rules kNamespaceRules = {
    .set_defaults = set_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate,
    .validate_update = validate_update,
    .validate_status = validate_status,
    .validate_name = name_is_dns_label,
    .columns = kColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
