#include "api/go_names.h"

namespace stint {

std::string_view go_name(const json::Value& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  return value.is_bool() ? "bool" : "number";
}

std::string_view TypeName::group() const {
  const size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

std::string_view TypeName::version() const { return api_version.substr(api_version.rfind('/') + 1); }

// Both kinds of events are one among themselves.
std::string go_internal_name(const TypeName& type) {
  const std::string_view group = type.group();
  const bool is_core = group.empty() || group == "events.k8s.io";
  return std::string(is_core ? "core" : group.substr(0, group.find('.'))) + "." + std::string(type.kind);
}

}  // namespace stint
