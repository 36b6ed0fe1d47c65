#include "api/message_slot.h"

#include <algorithm>

#include "api/json.h"
#include "api/message_presence.h"

namespace stint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

bool same_members(const Message& a, const Message& b, const MessagePlan& plan) {
  if (&a == &b) return true;
  return std::ranges::all_of(plan.members, [&](const MemberPlan& member) {
    const Slot x = member_slot(&a, member), y = member_slot(&b, member);
    if (!x || !y) return !x && !y;
    return same_value(x, y, *member.field);
  });
}

template <class T>
bool same_time(FieldType type, const Message& a, const Message& b) {
  if (is_null_time(type, a) || is_null_time(type, b)) return is_null_time(type, a) == is_null_time(type, b);
  const auto& x = static_cast<const T&>(a);
  const auto& y = static_cast<const T&>(b);
  return x.seconds() == y.seconds() && (type == FieldType::kTime || x.nanos() / 1000 == y.nanos() / 1000);
}

std::string_view text_of(const resource::Quantity& quantity) {
  return quantity.string().empty() ? "0" : std::string_view(quantity.string());
}

bool same_message(const Message& a, const Message& b, const FieldPlan& field) {
  switch (field.type) {
    case FieldType::kTime:
      return same_time<metav1::Time>(field.type, a, b);
    case FieldType::kMicroTime:
      return same_time<metav1::MicroTime>(field.type, a, b);
    case FieldType::kQuantity:
      return text_of(static_cast<const resource::Quantity&>(a)) == text_of(static_cast<const resource::Quantity&>(b));
    case FieldType::kIntOrString: {
      const auto& x = static_cast<const intstr::IntOrString&>(a);
      const auto& y = static_cast<const intstr::IntOrString&>(b);
      return x.type() == y.type() && (x.type() == 0 ? x.intval() == y.intval() : x.strval() == y.strval());
    }
    case FieldType::kFieldsV1:
      return static_cast<const metav1::FieldsV1&>(a).raw() == static_cast<const metav1::FieldsV1&>(b).raw();
    case FieldType::kRawExtension:
      return static_cast<const runtimev1::RawExtension&>(a).raw() == static_cast<const runtimev1::RawExtension&>(b).raw();
    case FieldType::kMessage:
      return same_members(a, b, *field.message);
    default:
      return a.SerializePartialAsString() == b.SerializePartialAsString();
  }
}

std::string_view string_of(const Slot& slot, std::string& scratch) {
  const Reflection& access = *slot.access;
  if (slot.index < 0) return access.GetStringReference(*slot.owner, slot.field, &scratch);
  return access.GetRepeatedStringReference(*slot.owner, slot.field, slot.index, &scratch);
}

int64_t number_of(const Slot& slot, FieldType type) {
  const Reflection& access = *slot.access;
  const bool is_item = slot.index >= 0;
  switch (type) {
    case FieldType::kBool:
      return is_item ? access.GetRepeatedBool(*slot.owner, slot.field, slot.index) : access.GetBool(*slot.owner, slot.field);
    case FieldType::kInt32:
      return is_item ? access.GetRepeatedInt32(*slot.owner, slot.field, slot.index) : access.GetInt32(*slot.owner, slot.field);
    default:
      return is_item ? access.GetRepeatedInt64(*slot.owner, slot.field, slot.index) : access.GetInt64(*slot.owner, slot.field);
  }
}

bool same_scalar_or_message(const Slot& a, const Slot& b, const FieldPlan& field) {
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kBytes: {
      std::string x, y;  // generated classes hand out their own string and leave it alone
      return string_of(a, x) == string_of(b, y);
    }
    case FieldType::kBool:
    case FieldType::kInt32:
    case FieldType::kInt64:
      return number_of(a, field.type) == number_of(b, field.type);
    default:
      return same_message(a.message(), b.message(), field);
  }
}

Slot item_of(const Slot& list, int index) { return {list.owner, list.field, list.access, index}; }

int size_of(const Slot& slot) { return slot ? slot.access->FieldSize(*slot.owner, slot.field) : 0; }

bool same_list(const Slot& a, const Slot& b, const FieldPlan& field) {
  const int size = size_of(a);
  if (size != size_of(b)) return false;
  for (int i = 0; i < size; ++i) {
    if (!same_scalar_or_message(item_of(a, i), item_of(b, i), field)) return false;
  }
  return true;
}

bool same_map(const Slot& a, const Slot& b, const FieldPlan& field) {
  if (size_of(a) != size_of(b)) return false;
  return std::ranges::equal(sorted_entries(a, field), sorted_entries(b, field), [&](const MapEntry& x, const MapEntry& y) {
    return x.key == y.key && same_scalar_or_message(x.value, y.value, field);
  });
}

// A value of a key or a set as JSON.
void append_scalar(const Slot& slot, const FieldPlan& field, std::string& out) {
  switch (field.type) {
    case FieldType::kString: {
      std::string scratch;
      json::append_quoted(string_of(slot, scratch), out);
      return;
    }
    case FieldType::kBool:
      out += number_of(slot, field.type) != 0 ? "true" : "false";
      return;
    case FieldType::kInt32:
    case FieldType::kInt64:
      out += std::to_string(number_of(slot, field.type));
      return;
    default:
      out += "null";  // no key is of another type
      return;
  }
}

// {"containerPort":80,"protocol":"TCP"}; "" when the item has none of its keys.
std::string key_text(const Message& item, const FieldPlan& field) {
  std::string out = "{";
  for (const ListKey& key : field.list_keys) {
    const MemberPlan* member = field.message->find(key.name);
    const Slot slot = member == nullptr ? Slot() : member_slot(&item, *member);
    if (!slot && key.default_json.empty()) continue;
    if (out.size() > 1) out += ',';
    json::append_quoted(key.name, out);
    out += ':';
    if (slot) {
      append_scalar(slot, *member->field, out);
    } else {
      out += key.default_json;
    }
  }
  return out.size() == 1 ? "" : out + '}';
}

}  // namespace

const Message& Slot::message() const {
  return index < 0 ? access->GetMessage(*owner, field) : access->GetRepeatedMessage(*owner, field, index);
}

Slot member_slot(const Message* message, const MemberPlan& member) {
  if (message == nullptr) return {};
  for (const FieldPlan* step : member.inlined) message = &step->access->GetMessage(*message, step->field);
  if (!is_shown(*message, *member.field)) return {};
  return {message, member.field->field, member.field->access};
}

bool same_value(const Slot& a, const Slot& b, const FieldPlan& field) {
  const bool is_part = a.index >= 0 || a.field != field.field;
  if (is_part || field.shape == FieldShape::kSingle) return same_scalar_or_message(a, b, field);
  return field.shape == FieldShape::kRepeated ? same_list(a, b, field) : same_map(a, b, field);
}

std::vector<MapEntry> sorted_entries(const Slot& map, const FieldPlan& field) {
  std::vector<MapEntry> entries;
  const int size = size_of(map);
  entries.reserve(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    const Message& entry = map.access->GetRepeatedMessage(*map.owner, map.field, i);
    std::string scratch;
    const std::string& key = field.map_access->GetStringReference(entry, field.map_key, &scratch);
    entries.push_back({key, {&entry, field.map_value, field.map_access}});
  }
  std::ranges::sort(entries, {}, &MapEntry::key);
  return entries;
}

std::vector<ListItem> sorted_items(const Slot& list, const FieldPlan& field) {
  std::vector<ListItem> items;
  const int size = size_of(list);
  items.reserve(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    const Slot item = item_of(list, i);
    std::string text;
    if (field.list_type == ListType::kMap) {
      text = key_text(item.message(), field);
    } else {
      append_scalar(item, field, text);
    }
    const auto type = field.list_type == ListType::kMap ? PathElement::Type::kKey : PathElement::Type::kValue;
    if (!text.empty()) items.push_back({{type, std::move(text)}, item});
  }
  std::ranges::sort(items, {}, [](const ListItem& item) { return std::pair(std::string_view(item.element.text), item.value.index); });
  return items;
}

}  // namespace stint
