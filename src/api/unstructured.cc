#include "api/unstructured.h"

#include <cmath>

#include "api/base64.h"
#include "api/go_names.h"
#include "api/message_plan.h"

namespace stint {
namespace {

using json::Value;

// The kind that Go's reflection sees.
std::string go_kind(const Value& value) {
  if (value.is_object()) return "map";
  if (value.is_array()) return "slice";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  return value.is_int() ? "int64" : "float64";
}

std::string unreadable(const Value& value, std::string_view type) {
  return "json: cannot unmarshal " + std::string(go_name(value)) + " into Go value of type " + std::string(type);
}

std::string bytes_fault(const Value& value) {
  if (!value.is_string()) return "cannot restore slice from " + go_kind(value);
  if (decode_base64(value.as_string())) return "";
  return "error decoding from json: illegal base64 data at input byte " + std::to_string(base64_fault(value.as_string()));
}

// Numbers and texts convert into each other for Go, but not for upstream; what does not even convert is "unrecognized".
std::string number_fault(const Value& value, const std::string& type) {
  if (!value.is_number()) return "unrecognized type: " + type;
  const bool is_whole = value.is_int() || value.as_double() == std::trunc(value.as_double());
  return is_whole ? "" : "cannot convert float64 to " + type;
}

std::string text_fault(const Value& value) {
  if (value.is_string()) return "";
  return value.is_int() ? "cannot convert int64 to string" : "unrecognized type: string";
}

std::string struct_fault(const Value& value, const MessagePlan& plan);

// Of an element, where the field is a list or a map.
std::string value_fault(const Value& value, const FieldPlan& field) {
  if (value.is_null()) return "";
  switch (field.type) {
    case FieldType::kString:
      return text_fault(value);
    case FieldType::kBytes:
      return bytes_fault(value);
    case FieldType::kBool:
      return value.is_bool() ? "" : "unrecognized type: bool";
    case FieldType::kInt32:
      return number_fault(value, "int32");
    case FieldType::kInt64:
      return number_fault(value, "int64");
    case FieldType::kTime:
    case FieldType::kMicroTime:
    case FieldType::kDuration:
      return value.is_string() ? "" : unreadable(value, "string");
    case FieldType::kIntOrString:
      return value.is_string() || value.is_number() ? "" : unreadable(value, "int32");
    case FieldType::kTextList:
      return value.is_array() ? "" : "cannot restore slice from " + go_kind(value);
    case FieldType::kMessage:
      return struct_fault(value, *field.message);
    case FieldType::kQuantity:
    case FieldType::kFieldsV1:
    case FieldType::kRawExtension:
      return "";
  }
  return "";
}

std::string field_fault(const Value& value, const FieldPlan& field) {
  if (value.is_null() || field.shape == FieldShape::kSingle) return value_fault(value, field);
  if (field.shape == FieldShape::kRepeated) {
    if (!value.is_array()) return "cannot restore slice from " + go_kind(value);
    for (const Value& element : value.as_array()) {
      if (std::string fault = value_fault(element, field); !fault.empty()) return fault;
    }
    return "";
  }
  if (!value.is_object()) return "cannot restore map from " + go_kind(value);
  for (const auto& [key, mapped] : value.as_object()) {
    if (std::string fault = value_fault(mapped, field); !fault.empty()) return fault;
  }
  return "";
}

std::string struct_fault(const Value& value, const MessagePlan& plan) {
  if (!value.is_object()) return "cannot restore struct from: " + go_kind(value);
  for (const auto& [key, member_value] : value.as_object()) {
    const MemberPlan* member = plan.find(key);
    if (member == nullptr) continue;
    if (std::string fault = field_fault(member_value, *member->field); !fault.empty()) return fault;
  }
  return "";
}

}  // namespace

std::string conversion_fault(const Value& document, const google::protobuf::Descriptor& type) {
  return struct_fault(document, plan_of(&type));
}

}  // namespace stint
