#include "api/message_presence.h"

#include "api/rfc3339.h"

namespace stint {
namespace {

bool is_zero(FieldType type, const Message& message) {
  switch (type) {
    case FieldType::kTime:
      return !static_cast<const metav1::Time&>(message).has_seconds();
    case FieldType::kMicroTime:
      return !static_cast<const metav1::MicroTime&>(message).has_seconds();
    default:
      return message.ByteSizeLong() == 0;
  }
}

// T is Time or MicroTime; one without seconds is Go's zero time.
template <class T>
bool is_null(const Message& time) {
  const auto& value = static_cast<const T&>(time);
  return !value.has_seconds() || value.seconds() == kGoZeroSeconds;
}

}  // namespace

bool is_shown(const Message& message, const FieldPlan& field) {
  if (field.presence == Presence::kAlways) return true;
  const google::protobuf::Reflection& access = *field.access;
  if (field.shape != FieldShape::kSingle) return access.FieldSize(message, field.field) > 0;
  if (!access.HasField(message, field.field)) return false;
  if (field.presence == Presence::kPointer) return true;
  std::string scratch;  // generated classes hand out their own string and leave it alone
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kBytes:
      return !access.GetStringReference(message, field.field, &scratch).empty();
    case FieldType::kBool:
      return access.GetBool(message, field.field);
    case FieldType::kInt32:
      return access.GetInt32(message, field.field) != 0;
    case FieldType::kInt64:
      return access.GetInt64(message, field.field) != 0;
    default:
      return !is_zero(field.type, access.GetMessage(message, field.field));
  }
}

bool is_null_time(FieldType type, const Message& time) {
  return type == FieldType::kTime ? is_null<metav1::Time>(time) : is_null<metav1::MicroTime>(time);
}

}  // namespace stint
