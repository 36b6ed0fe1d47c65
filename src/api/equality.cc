#include "api/equality.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "api/quantity.h"
#include "google/protobuf/map_field.h"
#include "google/protobuf/reflection.h"
#include "stint/options.pb.h"

namespace stint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

bool is_pointer(const FieldDescriptor* field) { return field->options().GetExtension(stint::pointer); }

// One value: of a singular field (index < 0) or of element `index`.
struct Slot {
  const Message& owner;
  const FieldDescriptor* field;
  int index;

  const Reflection* reflection() const { return owner.GetReflection(); }
  template <class Single, class Repeated>
  auto read(Single single, Repeated repeated) const {
    return index < 0 ? (reflection()->*single)(owner, field) : (reflection()->*repeated)(owner, field, index);
  }
  const Message& message() const {
    return index < 0 ? reflection()->GetMessage(owner, field) : reflection()->GetRepeatedMessage(owner, field, index);
  }
};

bool same_value(const Slot& a, const Slot& b) {
  switch (a.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return semantically_equal(a.message(), b.message());
    case FieldDescriptor::CPPTYPE_STRING:
      return a.read(&Reflection::GetString, &Reflection::GetRepeatedString) ==
             b.read(&Reflection::GetString, &Reflection::GetRepeatedString);
    case FieldDescriptor::CPPTYPE_INT32:
      return a.read(&Reflection::GetInt32, &Reflection::GetRepeatedInt32) == b.read(&Reflection::GetInt32, &Reflection::GetRepeatedInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return a.read(&Reflection::GetInt64, &Reflection::GetRepeatedInt64) == b.read(&Reflection::GetInt64, &Reflection::GetRepeatedInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return a.read(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32) ==
             b.read(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return a.read(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64) ==
             b.read(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
    case FieldDescriptor::CPPTYPE_BOOL:
      return a.read(&Reflection::GetBool, &Reflection::GetRepeatedBool) == b.read(&Reflection::GetBool, &Reflection::GetRepeatedBool);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return a.read(&Reflection::GetDouble, &Reflection::GetRepeatedDouble) ==
             b.read(&Reflection::GetDouble, &Reflection::GetRepeatedDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return a.read(&Reflection::GetFloat, &Reflection::GetRepeatedFloat) == b.read(&Reflection::GetFloat, &Reflection::GetRepeatedFloat);
    case FieldDescriptor::CPPTYPE_ENUM:
      return a.read(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue) ==
             b.read(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue);
  }
  return false;
}

// The entries of a map as a list have no fixed order. All our maps have string keys.
std::vector<std::pair<std::string, const Message*>> sorted_entries(const Message& owner, const FieldDescriptor* field) {
  const FieldDescriptor* key = field->message_type()->map_key();
  std::vector<std::pair<std::string, const Message*>> entries;
  const Reflection* reflection = owner.GetReflection();
  for (int i = 0; i < reflection->FieldSize(owner, field); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(owner, field, i);
    entries.emplace_back(entry.GetReflection()->GetString(entry, key), &entry);
  }
  std::ranges::sort(entries, {}, &std::pair<std::string, const Message*>::first);
  return entries;
}

// REQUIRES: both have as many entries.
bool same_map(const Message& a, const Message& b, const FieldDescriptor* field) {
  const FieldDescriptor* value = field->message_type()->map_value();
  auto left = sorted_entries(a, field);
  auto right = sorted_entries(b, field);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].first != right[i].first) return false;
    if (!same_value({*left[i].second, value, -1}, {*right[i].second, value, -1})) return false;
  }
  return true;
}

}  // namespace

bool semantically_equal(const Message& a, const Message& b) {
  const google::protobuf::Descriptor* type = a.GetDescriptor();
  if (type == resource::Quantity::descriptor()) {
    const std::string& x = static_cast<const resource::Quantity&>(a).string();
    const std::string& y = static_cast<const resource::Quantity&>(b).string();
    return x == y || (quantity_milli_value(x) && quantity_milli_value(y) && compare_quantities(x, y) == 0);
  }
  for (int i = 0; i < type->field_count(); ++i) {
    if (!semantically_equal_field(a, b, type->field(i))) return false;
  }
  return true;
}

bool semantically_equal_objects(const Message& a, const Message& b) {
  const google::protobuf::Descriptor* type = a.GetDescriptor();
  const Reflection* reflection = a.GetReflection();
  std::vector<const FieldDescriptor*> other;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const bool is_part = !field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const bool is_same = is_part && reflection->HasField(a, field) && reflection->HasField(b, field) &&
                         same_bytes(reflection->GetMessage(a, field), reflection->GetMessage(b, field));
    if (!is_same) other.push_back(field);
  }
  // What stands last changes most often: a status.
  return std::all_of(other.rbegin(), other.rend(), [&](const FieldDescriptor* field) { return semantically_equal_field(a, b, field); });
}

bool same_bytes(const Message& a, const Message& b) {
  const size_t size = a.ByteSizeLong();
  if (size != b.ByteSizeLong()) return false;
  std::string bytes(2 * size, '\0');
  auto* const first = reinterpret_cast<uint8_t*>(bytes.data());
  a.SerializeWithCachedSizesToArray(first);
  b.SerializeWithCachedSizesToArray(first + size);
  return std::memcmp(first, first + size, size) == 0;
}

bool semantically_equal_field(const Message& a, const Message& b, const FieldDescriptor* field) {
  const Reflection* reflection = a.GetReflection();
  if (field->is_repeated()) {
    int size = reflection->FieldSize(a, field);
    if (size != reflection->FieldSize(b, field)) return false;
    if (field->is_map()) return same_map(a, b, field);
    for (int i = 0; i < size; ++i) {
      if (!same_value({a, field, i}, {b, field, i})) return false;
    }
    return true;
  }
  bool in_a = reflection->HasField(a, field);
  bool in_b = reflection->HasField(b, field);
  // Absent on both sides is by far the most common, and it ends the recursion into absent messages.
  if (!in_a && !in_b) return true;
  if (in_a != in_b && is_pointer(field)) return false;
  return same_value({a, field, -1}, {b, field, -1});
}

}  // namespace stint
