#include "api/embedded_json.h"

namespace stint::json {
namespace {

Result<void> check_depth(const Value& value) {
  if (is_deeper_than(value, kEmbeddedDepthMax)) return fail(Reason::kBadRequest, "exceeded max depth");
  return {};
}

}  // namespace

bool is_deeper_than(const Value& value, int depth) {
  if (depth < 0) return true;
  if (value.is_array()) {
    for (const Value& element : value.as_array()) {
      if (is_deeper_than(element, depth - 1)) return true;
    }
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (is_deeper_than(member, depth - 1)) return true;
    }
  }
  return false;
}

Result<Value> parse_embedded(std::string_view text) {
  TRY(Value value, parse(text, nullptr, text.size()));
  TRY_VOID(check_depth(value));
  return value;
}

Result<std::string> embedded_text(const Value& value) {
  TRY_VOID(check_depth(value));
  return to_text(value);
}

}  // namespace stint::json
