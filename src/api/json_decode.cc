#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "api/base64.h"
#include "api/embedded_json.h"
#include "api/go_duration.h"
#include "api/go_names.h"
#include "api/go_quote.h"
#include "api/json.h"
#include "api/message_plan.h"
#include "api/quantity.h"
#include "api/rfc3339.h"
#include "api/strict_path.h"

namespace stint::json {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

// Numbers come with their text where the number itself is at fault.
std::string described(const Value& value, bool number_at_fault) {
  if (!value.is_number() || !number_at_fault) return std::string(go_name(value));
  const std::string text = to_text(value);
  // How it was written is lost; that it was no integer is not.
  const bool lost_fraction = value.is_double() && text.find_first_of(".e") == std::string::npos;
  return "number " + text + (lost_fraction ? ".0" : "");
}

// "v1.PodSpec": the Go type of a message.
std::string go_message(const google::protobuf::Descriptor* message) {
  const std::string& package = message->file()->package();
  return package.substr(package.rfind('.') + 1) + "." + message->name();
}

std::string go_element(const FieldPlan& field) {
  switch (field.type) {
    case FieldType::kString:
      return "string";
    case FieldType::kBytes:
      return "[]uint8";
    case FieldType::kBool:
      return "bool";
    case FieldType::kInt32:
      return "int32";
    case FieldType::kInt64:
      return "int64";
    default:
      break;
  }
  return go_message(field.map_value != nullptr ? field.map_value->message_type() : field.field->message_type());
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

bool is_number_type(FieldType type) { return type == FieldType::kInt32 || type == FieldType::kInt64; }

class Decoder {
 public:
  explicit Decoder(std::vector<std::string>* unknown) : unknown_(unknown) {}

  Result<void> root(const Value& document, Message& message) {
    const MessagePlan& plan = plan_of(message.GetDescriptor());
    if (!document.is_object()) {
      return fail(Reason::kBadRequest,
                  "json: cannot unmarshal " + described(document, false) + " into Go value of type " + go_message(plan.descriptor));
    }
    is_root_ = true;
    return members(document.as_object(), message, plan);
  }

 private:
  Result<void> members(const Members& object, Message& message, const MessagePlan& plan) {
    const bool at_root = std::exchange(is_root_, false);
    const MessagePlan* outer = std::exchange(plan_, &plan);
    for (const auto& [key, value] : object) {
      const MemberPlan* member = plan.find(key);
      if (member == nullptr) {
        const bool is_type_line = at_root && (key == "apiVersion" || key == "kind");
        if (!is_type_line && unknown_ != nullptr) path_.report("unknown field", key, *unknown_);
        continue;
      }
      if (value.is_null()) continue;
      Message* target = &message;
      for (const FieldPlan* step : member->inlined) {
        target = target->GetReflection()->MutableMessage(target, step->field);
        path_.push_inlined(step->field->message_type()->name());
      }
      path_.push(key);
      TRY_VOID(field(value, *target, *member->field));
      path_.pop(member->inlined.size() + 1);
    }
    plan_ = outer;
    return {};
  }

  Result<void> field(const Value& value, Message& message, const FieldPlan& field) {
    switch (field.shape) {
      case FieldShape::kSingle:
        return single(value, message, field, field.field);
      case FieldShape::kRepeated:
        return repeated(value, message, field);
      case FieldShape::kMap:
        return map(value, message, field);
    }
    std::abort();  // all shapes are above
  }

  // `target` is the field itself or, in an entry of a map, its value.
  Result<void> single(const Value& value, Message& message, const FieldPlan& field, const FieldDescriptor* target) {
    const Reflection& access = *message.GetReflection();
    switch (field.type) {
      case FieldType::kString:
      case FieldType::kBytes: {
        TRY(std::string text, text_of(value, field));
        access.SetString(&message, target, std::move(text));
        return {};
      }
      case FieldType::kBool: {
        if (!value.is_bool()) return mismatch(value, field);
        access.SetBool(&message, target, value.as_bool());
        return {};
      }
      case FieldType::kInt32: {
        TRY(int32_t number, int32_of(value, field));
        access.SetInt32(&message, target, number);
        return {};
      }
      case FieldType::kInt64: {
        if (!value.is_int()) return mismatch(value, field);
        access.SetInt64(&message, target, value.as_int());
        return {};
      }
      default:
        return embedded(value, *access.MutableMessage(&message, target), field);
    }
  }

  Result<void> repeated(const Value& value, Message& message, const FieldPlan& field) {
    if (!value.is_array()) return mismatch(value, "[]" + go_element(field));
    const Reflection& access = *message.GetReflection();
    path_.push(size_t{0});
    for (size_t i = 0; i < value.as_array().size(); ++i) {
      path_.set_index(i);
      TRY_VOID(element(value.as_array()[i], message, access, field));
    }
    path_.pop();
    return {};
  }

  // A null element is a zero one.
  Result<void> element(const Value& value, Message& message, const Reflection& access, const FieldPlan& field) {
    const bool is_null = value.is_null();
    switch (field.type) {
      case FieldType::kString:
      case FieldType::kBytes: {
        TRY(std::string text, is_null ? Result<std::string>("") : text_of(value, field));
        access.AddString(&message, field.field, std::move(text));
        return {};
      }
      case FieldType::kBool: {
        if (!is_null && !value.is_bool()) return mismatch(value, field);
        access.AddBool(&message, field.field, !is_null && value.as_bool());
        return {};
      }
      case FieldType::kInt32: {
        TRY(int32_t number, is_null ? Result<int32_t>(0) : int32_of(value, field));
        access.AddInt32(&message, field.field, number);
        return {};
      }
      case FieldType::kInt64: {
        if (!is_null && !value.is_int()) return mismatch(value, field);
        access.AddInt64(&message, field.field, is_null ? 0 : value.as_int());
        return {};
      }
      default: {
        Message* added = access.AddMessage(&message, field.field);
        return is_null ? Result<void>() : embedded(value, *added, field);
      }
    }
  }

  Result<void> map(const Value& value, Message& message, const FieldPlan& field) {
    if (!value.is_object()) return mismatch(value, "map[string]" + go_element(field));
    const Reflection& access = *message.GetReflection();
    for (const auto& [key, mapped] : value.as_object()) {
      Message& entry = *access.AddMessage(&message, field.field);
      entry.GetReflection()->SetString(&entry, field.map_key, key);
      if (mapped.is_null()) {
        touch(entry, field);
        continue;
      }
      TRY_VOID(single(mapped, entry, field, field.map_value));  // Go's decoder does not name keys of maps
    }
    return {};
  }

  // A null in a map is its type's zero value.
  static void touch(Message& entry, const FieldPlan& field) {
    if (field.map_value->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      entry.GetReflection()->MutableMessage(&entry, field.map_value);
    }
  }

  Result<void> embedded(const Value& value, Message& message, const FieldPlan& field) {
    switch (field.type) {
      case FieldType::kMessage:
        if (!value.is_object()) return mismatch(value, field);
        return members(value.as_object(), message, *field.message);
      case FieldType::kTime:
        return time(value, static_cast<metav1::Time&>(message), false);
      case FieldType::kMicroTime:
        return time(value, static_cast<metav1::MicroTime&>(message), true);
      case FieldType::kDuration:
        return duration(value, static_cast<metav1::Duration&>(message));
      case FieldType::kTextList:
        return texts(value, message, field);
      case FieldType::kQuantity:
        return quantity(value, static_cast<resource::Quantity&>(message));
      case FieldType::kIntOrString:
        return int_or_string(value, static_cast<intstr::IntOrString&>(message));
      case FieldType::kFieldsV1: {
        TRY(std::string text, embedded_text(value));
        static_cast<metav1::FieldsV1&>(message).set_raw(std::move(text));
        return {};
      }
      case FieldType::kRawExtension: {
        TRY(std::string text, embedded_text(value));
        static_cast<runtimev1::RawExtension&>(message).set_raw(std::move(text));
        return {};
      }
      default:
        std::abort();  // scalars do not come here
    }
  }

  // Go's layout has six digits of them, no more and no less.
  static Result<void> check_microseconds(const std::string& text) {
    constexpr size_t kFraction = std::string_view("2006-01-02T15:04:05").size();
    constexpr size_t kZone = std::string_view("2006-01-02T15:04:05.000000").size();
    auto digits = [&](size_t from, size_t to) {
      return text.size() >= to && std::all_of(text.begin() + from, text.begin() + to, [](char c) { return c >= '0' && c <= '9'; });
    };
    const bool has_fraction = text.size() > kZone && text[kFraction] == '.' && digits(kFraction + 1, kZone);
    if (has_fraction && !digits(kZone, kZone + 1)) return {};
    return fail(Reason::kBadRequest, "parsing time " + go_quoted(text) + " as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse " +
                                         go_quoted(text.substr(has_fraction ? kZone : kFraction)) + " as \"" +
                                         (has_fraction ? "Z07:00" : ".000000") + "\"");
  }

  // T is Time or MicroTime. Go's zero time is an unset one.
  template <class T>
  Result<void> time(const Value& value, T& message, bool micro) {
    if (!value.is_string()) return mismatch(value, "string");
    const std::optional<Instant> instant = parse_instant(value.as_string());
    if (!instant) {
      const std::string layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
      return fail(Reason::kBadRequest, "parsing time " + go_quoted(value.as_string()) + " as \"" + layout + "\": cannot parse " +
                                           go_quoted(value.as_string()) + " as \"2006\"");
    }
    if (micro) TRY_VOID(check_microseconds(value.as_string()));
    if (instant->seconds == kGoZeroSeconds) return {};
    message.set_seconds(instant->seconds);
    message.set_nanos(micro ? instant->nanos / 1000 * 1000 : 0);
    return {};
  }

  Result<void> duration(const Value& value, metav1::Duration& message) {
    if (!value.is_string()) return mismatch(value, "string");
    Result<Duration> parsed = parse_go_duration(value.as_string());
    if (!parsed) return fail(Reason::kBadRequest, parsed.error().message);
    message.set_duration(parsed->count());
    return {};
  }

  Result<void> texts(const Value& value, Message& list, const FieldPlan& field) {
    if (!value.is_array()) return mismatch(value, field);
    for (const Value& text : value.as_array()) {
      if (!text.is_string() && !text.is_null()) return mismatch(text, "string");
      list.GetReflection()->AddString(&list, list.GetDescriptor()->field(0), text.is_null() ? std::string() : text.as_string());
    }
    return {};
  }

  Result<void> quantity(const Value& value, resource::Quantity& message) {
    std::optional<std::string> canonical;
    if (value.is_string()) {
      canonical = canonical_quantity(trimmed(value.as_string()));
    } else if (value.is_number()) {
      canonical = canonical_quantity(to_text(value));
    }
    if (!canonical) return fail(Reason::kBadRequest, std::string(kQuantityError));
    message.set_string(*std::move(canonical));
    return {};
  }

  Result<void> int_or_string(const Value& value, intstr::IntOrString& message) {
    if (value.is_string()) {
      message.set_type(1);
      message.set_strval(value.as_string());
      return {};
    }
    if (!is_int32(value)) return mismatch(value, "int32", true);
    message.set_type(0);
    message.set_intval(static_cast<int32_t>(value.as_int()));
    return {};
  }

  Result<std::string> text_of(const Value& value, const FieldPlan& field) {
    if (!value.is_string()) return mismatch(value, field);
    if (field.type == FieldType::kString) return value.as_string();
    std::optional<std::string> bytes = decode_base64(value.as_string());
    if (!bytes) {
      return fail(Reason::kBadRequest, "illegal base64 data at input byte " + std::to_string(base64_fault(value.as_string())));
    }
    return *std::move(bytes);
  }

  static bool is_int32(const Value& value) {
    return value.is_int() && value.as_int() >= std::numeric_limits<int32_t>::min() && value.as_int() <= std::numeric_limits<int32_t>::max();
  }
  Result<int32_t> int32_of(const Value& value, const FieldPlan& field) {
    if (!is_int32(value)) return mismatch(value, field);
    return static_cast<int32_t>(value.as_int());
  }

  std::unexpected<Error> mismatch(const Value& value, const FieldPlan& field) {
    return mismatch(value, go_element(field), is_number_type(field.type));
  }
  std::unexpected<Error> mismatch(const Value& value, std::string_view go_type, bool number_at_fault = false) {
    return fail(Reason::kBadRequest, "json: cannot unmarshal " + described(value, number_at_fault) + " into Go struct field " +
                                         plan_->descriptor->name() + "." + path_.members() + " of type " + std::string(go_type));
  }

  std::vector<std::string>* unknown_;
  StrictPath path_;
  const MessagePlan* plan_ = nullptr;  // the struct whose members are read
  bool is_root_ = false;
};

}  // namespace

Result<void> decode(const Value& document, Message& message, std::vector<std::string>* unknown) {
  message.Clear();
  return Decoder(unknown).root(document, message);
}

}  // namespace stint::json
