// PodTemplate. Source: upstream's pkg/registry/core/podtemplate/strategy.go.
#include "api/core/rules.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

const corev1::PodTemplate& as_template(const Message& object) { return static_cast<const corev1::PodTemplate&>(object); }

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
    .columns = kColumns,
    .row = row,
};

}  // namespace stint::core
