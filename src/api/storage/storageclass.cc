// StorageClass. Source: upstream's pkg/apis/storage (defaults and validation) and its printer.
#include <algorithm>
#include <set>

#include "api/immutable_field.h"
#include "api/json.h"
#include "api/names.h"
#include "api/storage/rules.h"
#include "api/table_cells.h"

namespace stint::storage {
namespace {

constexpr int kParametersMax = 512;
constexpr size_t kParametersBytesMax = 256 * 1024;
constexpr std::string_view kReclaimPolicies[] = {"Delete", "Retain"};
constexpr std::string_view kBindingModes[] = {"Immediate", "WaitForFirstConsumer"};

storagev1::StorageClass& as_class(Message& object) { return static_cast<storagev1::StorageClass&>(object); }
const storagev1::StorageClass& as_class(const Message& object) { return static_cast<const storagev1::StorageClass&>(object); }

void set_defaults(Message& object) {
  storagev1::StorageClass& one = as_class(object);
  if (!one.has_reclaimpolicy()) one.set_reclaimpolicy("Delete");
  if (!one.has_volumebindingmode()) one.set_volumebindingmode("Immediate");
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void validate_parameters(const storagev1::StorageClass& one, FieldErrors& errors) {
  if (one.parameters_size() > kParametersMax) {
    errors.too_long("parameters", kParametersMax);
    return;
  }
  size_t bytes = 0;
  for (const auto& [key, value] : one.parameters()) {
    if (key.empty()) errors.invalid("parameters", quote(key), "field can not be empty.");
    bytes += key.size() + value.size();
  }
  if (bytes > kParametersBytesMax) errors.too_long("parameters", kParametersBytesMax);
}

void validate_topologies(const storagev1::StorageClass& one, FieldErrors& errors) {
  std::set<std::string> terms;
  for (int i = 0; i < one.allowedtopologies_size(); ++i) {
    const auto& term = one.allowedtopologies(i);
    const FieldPath path = FieldPath("allowedTopologies").index(static_cast<size_t>(i)) / "matchLabelExpressions";
    std::set<std::string> keys;
    for (int j = 0; j < term.matchlabelexpressions_size(); ++j) {
      const auto& expression = term.matchlabelexpressions(j);
      const FieldPath at = path.index(static_cast<size_t>(j));
      if (expression.values().empty()) errors.required(at / "values");
      std::set<std::string> values;
      for (int k = 0; k < expression.values_size(); ++k) {
        if (!values.insert(expression.values(k)).second)
          errors.duplicate((at / "values").index(static_cast<size_t>(k)), quote(expression.values(k)));
      }
      add_faults(qualified_name_faults(expression.key()), at / "key", quote(expression.key()), errors);
      if (!keys.insert(expression.key()).second) errors.duplicate(at / "key", quote(expression.key()));
    }
    if (!terms.insert(json::encode(term)).second) errors.duplicate(path, quote(""));
  }
}

void validate(const Message& object, FieldErrors& errors) {
  const storagev1::StorageClass& one = as_class(object);
  if (one.provisioner().empty()) {
    errors.required("provisioner");
  } else {
    add_faults(qualified_name_faults(lower(one.provisioner())), FieldPath("provisioner"), quote(lower(one.provisioner())), errors);
  }
  validate_parameters(one, errors);
  if (!one.reclaimpolicy().empty() && std::ranges::find(kReclaimPolicies, one.reclaimpolicy()) == std::end(kReclaimPolicies))
    errors.not_supported("reclaimPolicy", one.reclaimpolicy(), kReclaimPolicies);
  if (std::ranges::find(kBindingModes, one.volumebindingmode()) == std::end(kBindingModes))
    errors.not_supported("volumeBindingMode", one.volumebindingmode(), kBindingModes);
  validate_topologies(one, errors);
}

void validate_update(const Message& next, const Message& old, FieldErrors& errors) {
  validate(next, errors);
  for (const char* field : {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"})
    validate_immutable_field(next, old, field, FieldPath(), errors);
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the class."},
    {.name = "Provisioner", .description = "Who makes its volumes."},
    {.name = "ReclaimPolicy", .description = "What happens to a volume when its claim goes."},
    {.name = "VolumeBindingMode", .description = "When a claim gets its volume."},
    {.name = "AllowVolumeExpansion", .description = "Whether a claim may grow."},
    {.name = "Age", .description = "Time since creation."},
};

void row(const Message& object, WallTime now, Row& row) {
  const storagev1::StorageClass& one = as_class(object);
  row.cells = {
      meta(object).name(), one.provisioner(), one.reclaimpolicy(), one.volumebindingmode(), Cell::boolean(one.allowvolumeexpansion()),
      age_of(object, now)};
}

// In a list the one that claims get who name none is marked.
void mark_default(std::span<const Object> objects, std::span<Row> rows) {
  std::vector<const storagev1::StorageClass*> classes;
  for (const Object& object : objects) classes.push_back(&as_class(*object));
  const auto* chosen = default_class(classes);
  for (size_t i = 0; i < rows.size(); ++i)
    if (classes[i] == chosen) rows[i].cells[0].text += " (default)";
}

}  // namespace

const storagev1::StorageClass* default_class(std::span<const storagev1::StorageClass* const> classes) {
  const storagev1::StorageClass* chosen = nullptr;
  const auto age = [](const storagev1::StorageClass& one) { return from_time(one.metadata().creationtimestamp()); };
  for (const auto* one : classes) {
    const auto says_so = [&](const char* annotation) {
      const auto found = one->metadata().annotations().find(annotation);
      return found != one->metadata().annotations().end() && found->second == "true";
    };
    if (!says_so(kDefaultClassAnnotation) && !says_so("storageclass.beta.kubernetes.io/is-default-class")) continue;
    const bool newer =
        chosen == nullptr || age(*one) > age(*chosen) || (age(*one) == age(*chosen) && one->metadata().name() < chosen->metadata().name());
    if (newer) chosen = one;
  }
  return chosen;
}

constinit const Rules kStorageClassRules = {
    .set_defaults = set_defaults,
    .validate = validate,
    .validate_update = validate_update,
    .columns = kColumns,
    .row = row,
    .finish_list = mark_default,
};

}  // namespace stint::storage
