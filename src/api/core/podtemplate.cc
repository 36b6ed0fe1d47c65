// PodTemplate. Source: upstream's pkg/registry/core/podtemplate/strategy.go.
#include "api/core/pod_spec.h"
#include "api/core/rules.h"
#include "api/equality.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

corev1::PodTemplate& as_template(Message& object) { return static_cast<corev1::PodTemplate&>(object); }
const corev1::PodTemplate& as_template(const Message& object) { return static_cast<const corev1::PodTemplate&>(object); }

void set_defaults(Message& object) { set_pod_spec_defaults(*as_template(object).mutable_template_()->mutable_spec()); }

void validate(const Message& object, FieldErrors& errors) {
  validate_pod_template(as_template(object).template_(), FieldPath("template"), errors);
}

void validate_update(const Message& next, const Message&, FieldErrors& errors) { validate(next, errors); }

void warn(const Message& next, const Message* old, std::vector<std::string>& warnings) {
  if (old != nullptr && semantically_equal(as_template(next).template_(), as_template(*old).template_())) return;
  warn_pod_spec(as_template(next).template_().spec(), FieldPath("template") / "spec", warnings);
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the template, unique in its namespace."},
    {.name = "Containers", .description = "Names of its containers."},
    {.name = "Images", .description = "Images of its containers."},
    {.name = "Pod Labels", .description = "Labels of the pods made from it."},
};

void row(const Message& object, WallTime, Row& row) {
  const corev1::PodTemplateSpec& pod = as_template(object).template_();
  row.cells = {meta(object).name(), container_names(pod.spec()), container_images(pod.spec()), labels_text(pod.metadata().labels())};
}

}  // namespace

constinit const Rules kPodTemplateRules = {
    .set_defaults = set_defaults,
    .validate = validate,
    .validate_update = validate_update,
    .warn = warn,
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::core
