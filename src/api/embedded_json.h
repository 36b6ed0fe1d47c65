// JSON documents that messages carry as bytes (FieldsV1, RawExtension). Pure; any thread.
#pragma once

#include "api/json.h"

namespace stint::json {

// Less than kDepthMax, so that the object around it stays readable.
inline constexpr int kEmbeddedDepthMax = 100;

// Stops counting there, so the recursion is bounded.
bool is_deeper_than(const Value& value, int depth);

Result<Value> parse_embedded(std::string_view text);
// The bytes to carry.
Result<std::string> embedded_text(const Value& value);

}  // namespace stint::json
