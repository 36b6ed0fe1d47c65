// What a plain YAML scalar means, by the YAML 1.1 rules that Go's YAML library keeps: `yes` is true, 0777 is octal, 1_000 is a
// number, a timestamp is a string. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "api/json.h"

namespace stint::json {

// Nothing for .inf and .nan, which JSON cannot say.
std::optional<Value> resolve_plain(std::string_view text);

// What a YAML document may hold as it is; other characters can only be written as escapes.
bool is_yaml_character(uint32_t code_point);

}  // namespace stint::json
