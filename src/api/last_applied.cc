#include "api/last_applied.h"

#include <algorithm>

#include "api/typed_document.h"

namespace stint {
namespace {

constexpr char kAnnotation[] = "kubectl.kubernetes.io/last-applied-configuration";
constexpr size_t kAnnotationsBytesMax = 256 * 1024;

void sort_members(json::Value& value) {
  if (value.is_array()) {
    for (json::Value& item : value.as_array()) sort_members(item);
  } else if (value.is_object()) {
    std::ranges::sort(value.as_object(), {}, [](const auto& member) -> const std::string& { return member.first; });
    for (auto& [key, member] : value.as_object()) sort_members(member);
  }
}

// As Go's encoder writes it.
std::string text_to_keep(json::Value configuration) {
  json::Value* metadata = configuration.find("metadata");
  json::Value* annotations = metadata != nullptr ? metadata->find("annotations") : nullptr;
  if (annotations != nullptr && annotations->is_object()) {
    annotations->as_object().erase_key(kAnnotation);
    for (auto& [key, value] : annotations->as_object()) {
      if (value.is_null()) value = "";  // as in Go's map of strings
    }
  } else if (annotations != nullptr) {
    metadata->as_object().erase_key("annotations");
  }
  sort_members(configuration);
  return json::to_text(configuration) + "\n";
}

}  // namespace

FieldSet fields_of_last_applied(const Message& live, const json::Value& document, const Kind& kind) {
  const auto& annotations = meta(live).annotations();
  const auto annotation = annotations.find(kAnnotation);
  if (annotation == annotations.end()) return {};
  const Result<json::Value> last = json::parse(annotation->second);
  if (!last || last->string_at("apiVersion") != kind.api_version() || last->string_at("kind").empty()) return {};
  const typed::Type type = typed::type_of_object(*kind.descriptor());
  for (const json::Value* one : {&document, &*last}) {
    if (!typed::check(*one, type, typed::Duplicates::kRefused)) return {};
  }
  FieldSet fields = typed::fields_of(*last, type);
  const FieldChanges since = typed::changes_between(*last, document, type);
  fields.subtract(since.modified);
  fields.subtract(since.added);
  fields.subtract(since.removed);
  return fields;
}

void keep_last_applied(const json::Value& configuration, metav1::ObjectMeta& metadata) {
  auto& annotations = *metadata.mutable_annotations();
  const auto annotation = annotations.find(kAnnotation);
  if (annotation == annotations.end() || annotation->second.empty()) return;
  annotation->second = text_to_keep(configuration);
  size_t bytes = 0;
  for (const auto& [key, value] : annotations) bytes += key.size() + value.size();
  if (bytes > kAnnotationsBytesMax) annotations.erase(kAnnotation);
}

}  // namespace stint
