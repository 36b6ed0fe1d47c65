#include "api/immutable_field.h"

#include "api/equality.h"
#include "api/json.h"

namespace stint {

void validate_immutable_field(const Message& next, const Message& old, const char* field, const FieldPath& path, FieldErrors& errors) {
  const google::protobuf::FieldDescriptor* descriptor = next.GetDescriptor()->FindFieldByName(field);
  if (descriptor == nullptr) std::abort();
  if (semantically_equal_field(next, old, descriptor)) return;
  json::Value document = json::to_value(next);
  const json::Value* value = document.find(field);
  errors.invalid(path / field, value == nullptr ? "null" : json::to_text(*value), "field is immutable");
}

}  // namespace stint
