#include "api/immutable_field.h"

#include "api/equality.h"
#include "api/internal_form.h"

namespace stint {

void validate_immutable_field(const Message& next, const Message& old, const char* field, const FieldPath& path, FieldErrors& errors) {
  const google::protobuf::FieldDescriptor* descriptor = next.GetDescriptor()->FindFieldByName(field);
  if (descriptor == nullptr) std::abort();
  if (semantically_equal_field(next, old, descriptor)) return;
  errors.invalid(path / field, internal_text(next, descriptor), "field is immutable");
}

}  // namespace stint
