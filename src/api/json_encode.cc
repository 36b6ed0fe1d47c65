#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "api/base64.h"
#include "api/embedded_json.h"
#include "api/go_duration.h"
#include "api/json.h"
#include "api/message_plan.h"
#include "api/message_presence.h"
#include "api/rfc3339.h"

namespace stint::json {
namespace {

using google::protobuf::Reflection;

void append_int(int64_t value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

// Bytes that are no JSON become null: the decoders refuse them at the door.
void append_raw(std::string_view raw, std::string& out) {
  const Result<Value> value = raw.empty() ? Value() : parse_embedded(raw);
  if (value) {
    append_text(*value, out);
  } else {
    out += "null";
  }
}

// Checked at the door, and written by the server itself in what is stored; it is in every object, so it is not read again.
void append_fields(std::string_view raw, std::string& out) { out += raw.empty() ? std::string_view("null") : raw; }

void append_int_or_string(const intstr::IntOrString& value, std::string& out) {
  if (value.type() == 0) {
    append_int(value.intval(), out);
  } else {
    append_quoted(value.strval(), out);
  }
}

// T is Time or MicroTime; one without seconds is Go's zero time.
template <class T>
void append_time(const T& time, int fraction_digits, std::string& out) {
  if (!time.has_seconds() || time.seconds() == kGoZeroSeconds) {
    out += "null";
    return;
  }
  out += '"';
  append_instant({time.seconds(), time.nanos()}, fraction_digits, out);
  out += '"';
}

// REQUIRES: a kTextList.
void append_texts(const Message& list, std::string& out) {
  const Reflection& access = *list.GetReflection();
  const auto* texts = list.GetDescriptor()->field(0);
  std::string scratch;
  out += '[';
  for (int i = 0; i < access.FieldSize(list, texts); ++i) {
    if (i > 0) out += ',';
    append_quoted(access.GetRepeatedStringReference(list, texts, i, &scratch), out);
  }
  out += ']';
}

// What is not a message of its own members. REQUIRES: the message is of the plan's special type.
void append_special(FieldType type, const Message& message, std::string& out) {
  switch (type) {
    case FieldType::kTime:
      return append_time(static_cast<const metav1::Time&>(message), 0, out);
    case FieldType::kMicroTime:
      return append_time(static_cast<const metav1::MicroTime&>(message), 6, out);
    case FieldType::kDuration:
      return append_quoted(go_duration_text(Duration(static_cast<const metav1::Duration&>(message).duration())), out);
    case FieldType::kTextList:
      return append_texts(message, out);
    case FieldType::kIntOrString:
      return append_int_or_string(static_cast<const intstr::IntOrString&>(message), out);
    case FieldType::kFieldsV1:
      return append_fields(static_cast<const metav1::FieldsV1&>(message).raw(), out);
    case FieldType::kRawExtension:
      return append_raw(static_cast<const runtimev1::RawExtension&>(message).raw(), out);
    case FieldType::kQuantity: {
      const std::string& text = static_cast<const resource::Quantity&>(message).string();
      return append_quoted(text.empty() ? "0" : text, out);
    }
    default:
      std::abort();  // the caller looked
  }
}

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void object(const Message& message, const MessagePlan& plan, const TypeMeta& type) {
    out_ += '{';
    bool first = true;
    type_member("\"kind\":", type.kind, first);
    type_member("\"apiVersion\":", type.api_version, first);
    members(message, plan, first);
    out_ += '}';
  }

 private:
  void comma(bool& first) {
    if (!first) out_ += ',';
    first = false;
  }
  void type_member(std::string_view prefix, std::string_view value, bool& first) {
    if (value.empty()) return;
    comma(first);
    out_ += prefix;
    append_quoted(value, out_);
  }

  void members(const Message& message, const MessagePlan& plan, bool& first) {
    const Reflection& access = *message.GetReflection();
    for (const FieldPlan& field : plan.fields) {
      if (field.presence == Presence::kInline) {
        members(access.GetMessage(message, field.field), *field.message, first);
        continue;
      }
      if (!is_shown(message, field)) continue;
      comma(first);
      out_ += field.prefix;
      switch (field.shape) {
        case FieldShape::kSingle:
          single(message, access, field);
          break;
        case FieldShape::kRepeated:
          repeated(message, access, field);
          break;
        case FieldShape::kMap:
          map(message, access, field);
          break;
      }
    }
  }

  void single(const Message& message, const Reflection& access, const FieldPlan& field) {
    switch (field.type) {
      case FieldType::kString:
        append_quoted(access.GetStringReference(message, field.field, &scratch_), out_);
        break;
      case FieldType::kBytes:
        bytes(access.GetStringReference(message, field.field, &scratch_));
        break;
      case FieldType::kBool:
        out_ += access.GetBool(message, field.field) ? "true" : "false";
        break;
      case FieldType::kInt32:
        append_int(access.GetInt32(message, field.field), out_);
        break;
      case FieldType::kInt64:
        append_int(access.GetInt64(message, field.field), out_);
        break;
      default:
        embedded(field, access.GetMessage(message, field.field));
        break;
    }
  }

  void bytes(std::string_view value) {
    out_ += '"';
    append_base64(value, out_);
    out_ += '"';
  }

  void embedded(const FieldPlan& field, const Message& message) {
    if (field.type == FieldType::kMessage) {
      object(message, *field.message, {});
    } else {
      append_special(field.type, message, out_);
    }
  }

  void repeated(const Message& message, const Reflection& access, const FieldPlan& field) {
    const int size = access.FieldSize(message, field.field);
    if (size == 0 && !field.is_list_items) {  // protobuf knows no empty list that is not nil
      out_ += "null";
      return;
    }
    out_ += '[';
    for (int i = 0; i < size; ++i) {
      if (i > 0) out_ += ',';
      switch (field.type) {
        case FieldType::kString:
          append_quoted(access.GetRepeatedStringReference(message, field.field, i, &scratch_), out_);
          break;
        case FieldType::kBytes:
          bytes(access.GetRepeatedStringReference(message, field.field, i, &scratch_));
          break;
        case FieldType::kBool:
          out_ += access.GetRepeatedBool(message, field.field, i) ? "true" : "false";
          break;
        case FieldType::kInt32:
          append_int(access.GetRepeatedInt32(message, field.field, i), out_);
          break;
        case FieldType::kInt64:
          append_int(access.GetRepeatedInt64(message, field.field, i), out_);
          break;
        default:
          embedded(field, access.GetRepeatedMessage(message, field.field, i));
          break;
      }
    }
    out_ += ']';
  }

  // Keys of every map are strings; they are shown sorted.
  void map(const Message& message, const Reflection& access, const FieldPlan& field) {
    const int size = access.FieldSize(message, field.field);
    if (size == 0) {
      out_ += "null";
      return;
    }
    std::vector<std::pair<std::string_view, const Message*>> order;
    order.reserve(static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) {
      const Message& entry = access.GetRepeatedMessage(message, field.field, i);
      order.emplace_back(entry.GetReflection()->GetStringReference(entry, field.map_key, &scratch_), &entry);
    }
    std::ranges::sort(order);
    out_ += '{';
    for (bool first = true; const auto& [key, entry] : order) {
      comma(first);
      append_quoted(key, out_);
      out_ += ':';
      map_value(*entry, field);
    }
    out_ += '}';
  }

  void map_value(const Message& entry, const FieldPlan& field) {
    const Reflection& access = *entry.GetReflection();
    switch (field.type) {
      case FieldType::kString:
        append_quoted(access.GetStringReference(entry, field.map_value, &scratch_), out_);
        break;
      case FieldType::kBytes:
        bytes(access.GetStringReference(entry, field.map_value, &scratch_));
        break;
      case FieldType::kBool:
        out_ += access.GetBool(entry, field.map_value) ? "true" : "false";
        break;
      case FieldType::kInt32:
        append_int(access.GetInt32(entry, field.map_value), out_);
        break;
      case FieldType::kInt64:
        append_int(access.GetInt64(entry, field.map_value), out_);
        break;
      default:
        embedded(field, access.GetMessage(entry, field.map_value));
        break;
    }
  }

  std::string& out_;
  std::string scratch_;  // generated classes hand out their own string and leave it alone
};

}  // namespace

void encode(const Message& message, const TypeMeta& type, std::string& out) {
  Encoder(out).object(message, plan_of(message.GetDescriptor()), type);
}

std::string encode(const Message& message, const TypeMeta& type) {
  std::string out;
  encode(message, type, out);
  return out;
}

Value to_value(const Message& message, const TypeMeta& type) {
  const std::string text = encode(message, type);
  Result<Value> value = parse(text, nullptr, text.size());
  if (!value) std::abort();  // what encode writes is JSON, and messages and kEmbeddedDepthMax together stay below kDepthMax
  return *std::move(value);
}

}  // namespace stint::json
