// How a message looks in JSON, worked out once from its descriptor and api/stint/options.proto: what the encoder and the
// decoder follow, so that neither looks an option up while it runs. Plans live as long as the program; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/types.h"

namespace stint {

struct MessagePlan;

enum class FieldType {
  kString,
  kBytes,
  kBool,
  kInt32,
  kInt64,
  kTime,
  kMicroTime,
  kDuration,
  kQuantity,
  kIntOrString,
  kFieldsV1,
  kRawExtension,
  kTextList,  // a message that is the list of its one field
  kMessage,
};
enum class FieldShape { kSingle, kRepeated, kMap };
enum class Presence {
  kNonZero,  // left out when zero or empty
  kAlways,
  kPointer,  // shown when set
  kInline,   // its members stand in the parent
};

// What server-side apply owns of a list: the whole, the scalars in it, or its items by their keys.
enum class ListType { kAtomic, kSet, kMap };
struct ListKey {
  std::string name;
  std::string default_json;  // of an item without it; "" none
};

struct FieldPlan {
  const google::protobuf::FieldDescriptor* field = nullptr;
  const google::protobuf::Reflection* access = nullptr;  // of the messages that have the field: to ask one for it takes a lock
  std::string name;
  std::string prefix;                   // `"name":`
  FieldType type = FieldType::kString;  // of an element, of a map's value
  FieldShape shape = FieldShape::kSingle;
  Presence presence = Presence::kNonZero;
  bool is_list_items = false;            // `items` of a list kind: never null
  const MessagePlan* message = nullptr;  // kMessage
  const google::protobuf::FieldDescriptor* map_key = nullptr;
  const google::protobuf::FieldDescriptor* map_value = nullptr;
  const google::protobuf::Reflection* map_access = nullptr;  // of the map's entries
  bool patch_merges = false;                                 // strategic merge patch: lists are merged, by this key or as a set without one
  bool patch_replaces = false;                               // objects are replaced
  std::string patch_merge_key;
  ListType list_type = ListType::kAtomic;
  std::vector<ListKey> list_keys;  // of kMap, sorted by name
  bool is_atomic = false;          // a struct or a map that server-side apply owns as a whole
};

// A member of the JSON object, and the inlined messages one steps through to reach its field.
struct MemberPlan {
  std::string_view name;
  std::vector<const FieldPlan*> inlined;
  const FieldPlan* field = nullptr;
};

struct MessagePlan {
  const google::protobuf::Descriptor* descriptor = nullptr;
  bool is_atomic = false;           // server-side apply owns such a struct as a whole, where its field does not say otherwise
  std::vector<FieldPlan> fields;    // in the order of declaration, which is Go's
  std::vector<MemberPlan> members;  // sorted by name
  const MemberPlan* find(std::string_view name) const;
};

const MessagePlan& plan_of(const google::protobuf::Descriptor* descriptor);

}  // namespace stint
