// One value within a message, as its JSON shows it: a field, an item of a list, a value of a map; or its absence. For code that
// follows message plans. Pure; any thread. A slot borrows the message.
#pragma once

#include <string_view>
#include <vector>

#include "api/field_set.h"
#include "api/message_plan.h"

namespace stint {

struct Slot {
  const Message* owner = nullptr;  // null: absent
  const google::protobuf::FieldDescriptor* field = nullptr;
  const google::protobuf::Reflection* access = nullptr;  // the owner's
  int index = -1;                                        // of an item

  explicit operator bool() const { return owner != nullptr; }
  // REQUIRES: it is one.
  const Message& message() const;
};

// Absent when the message is, or when its JSON does not show the member.
Slot member_slot(const Message* message, const MemberPlan& member);

// REQUIRES: neither is absent; both are values of the field, or items or map values of it.
bool same_value(const Slot& a, const Slot& b, const FieldPlan& field);

struct MapEntry {
  std::string_view key;
  Slot value;
};
// By key. Empty for an absent map.
std::vector<MapEntry> sorted_entries(const Slot& map, const FieldPlan& field);

struct ListItem {
  PathElement element;
  Slot value;
};
// Of a set or a list with keys, by the text of their elements, equal ones in the list's order; without items that have no key at all.
std::vector<ListItem> sorted_items(const Slot& list, const FieldPlan& field);

}  // namespace stint
