#include "api/wire_rules.h"

#include "api/embedded_json.h"
#include "api/message_plan.h"
#include "api/quantity.h"

namespace stint {
namespace {

using google::protobuf::Reflection;

Result<void> apply(Message& message, const MessagePlan& plan);

Result<void> canonicalize(resource::Quantity& quantity) {
  if (quantity.string().empty()) return {};  // a zero one
  std::optional<std::string> canonical = canonical_quantity(quantity.string());
  if (!canonical) return fail(Reason::kBadRequest, std::string(kQuantityError));
  quantity.set_string(*std::move(canonical));
  return {};
}

Result<void> check_json(const std::string& raw) {
  if (raw.empty()) return {};
  TRY_VOID(json::parse_embedded(raw));
  return {};
}

// Encoding puts it into JSON as it is.
Result<void> compact(metav1::FieldsV1& fields) {
  if (fields.raw().empty()) return {};
  TRY(const json::Value value, json::parse_embedded(fields.raw()));
  fields.set_raw(json::to_text(value));
  return {};
}

Result<void> apply_element(Message& message, const FieldPlan& field) {
  switch (field.type) {
    case FieldType::kTime: {
      auto& time = static_cast<metav1::Time&>(message);
      if (time.has_nanos()) time.set_nanos(0);
      return {};
    }
    case FieldType::kMicroTime: {
      auto& time = static_cast<metav1::MicroTime&>(message);
      if (time.has_nanos()) time.set_nanos(time.nanos() / 1000 * 1000);
      return {};
    }
    case FieldType::kQuantity:
      return canonicalize(static_cast<resource::Quantity&>(message));
    case FieldType::kFieldsV1:
      return compact(static_cast<metav1::FieldsV1&>(message));
    case FieldType::kRawExtension:
      return check_json(static_cast<runtimev1::RawExtension&>(message).raw());
    case FieldType::kMessage:
      return apply(message, *field.message);
    default:
      return {};
  }
}

// The recursion ends with the descriptors: no kind contains itself.
Result<void> apply(Message& message, const MessagePlan& plan) {
  const Reflection& access = *message.GetReflection();
  for (const FieldPlan& field : plan.fields) {
    if (field.type < FieldType::kTime) continue;  // scalars
    if (field.shape == FieldShape::kSingle) {
      if (!access.HasField(message, field.field)) continue;
      TRY_VOID(apply_element(*access.MutableMessage(&message, field.field), field));
      continue;
    }
    const int size = access.FieldSize(message, field.field);
    for (int i = 0; i < size; ++i) {
      Message* element = access.MutableRepeatedMessage(&message, field.field, i);
      if (field.shape == FieldShape::kMap) element = element->GetReflection()->MutableMessage(element, field.map_value);
      TRY_VOID(apply_element(*element, field));
    }
  }
  return {};
}

}  // namespace

Result<void> apply_wire_rules(Message& message) { return apply(message, plan_of(message.GetDescriptor())); }

}  // namespace stint
