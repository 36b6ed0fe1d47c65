#include "api/table_cells.h"

#include <map>

#include "api/rfc3339.h"

namespace stint {

std::string age(const metav1::Time& since, WallTime now) {
  if (since.seconds() == 0) return std::string(kUnknown);
  return human_duration(now - from_time(since));
}

std::string age_of(const Message& object, WallTime now) { return age(meta(object).creationtimestamp(), now); }

std::string or_none(std::string_view text) { return std::string(text.empty() ? kNone : text); }

std::string labels_text(const google::protobuf::Map<std::string, std::string>& labels) {
  const std::map<std::string_view, std::string_view> sorted(labels.begin(), labels.end());
  std::string text;
  for (const auto& [key, value] : sorted) {
    if (!text.empty()) text += ',';
    text.append(key).append("=").append(value);
  }
  return or_none(text);
}

void plain_row(const Message& object, WallTime, Row& row) {
  std::string created;
  append_instant({meta(object).creationtimestamp().seconds(), 0}, 0, created);
  row.cells = {meta(object).name(), created};
}

std::string container_names(const corev1::PodSpec& spec) {
  std::string text;
  for (const corev1::Container& container : spec.containers()) text += (text.empty() ? "" : ",") + container.name();
  return text;
}

std::string container_images(const corev1::PodSpec& spec) {
  std::string text;
  for (int i = 0; i < spec.containers_size(); ++i) text += (i == 0 ? "" : ",") + spec.containers(i).image();
  return text;
}

}  // namespace stint
