// What Go calls things, for the messages that upstream leaves to it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/json.h"

namespace stint {

// What Go's decoder calls a value that is of the wrong type: "object", "array", "string", "bool", "number".
std::string_view go_name(const json::Value& value);

// "batch/v1" and "Job".
struct TypeName {
  std::string_view api_version;
  std::string_view kind;
  bool operator==(const TypeName&) const = default;

  std::string_view group() const;    // "batch", "" of v1
  std::string_view version() const;  // "v1"
};

// "batch.Job": what upstream calls the objects of a kind among themselves.
std::string go_internal_name(const TypeName& type);

}  // namespace stint
