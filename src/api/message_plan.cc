#include "api/message_plan.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "stint/options.pb.h"

namespace stint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

FieldType type_of_message(const Descriptor* message) {
  if (message->options().GetExtension(stint::as_list)) return FieldType::kTextList;
  static const std::unordered_map<const Descriptor*, FieldType> special = {
      {metav1::Time::descriptor(), FieldType::kTime},
      {metav1::MicroTime::descriptor(), FieldType::kMicroTime},
      {metav1::Duration::descriptor(), FieldType::kDuration},
      {metav1::FieldsV1::descriptor(), FieldType::kFieldsV1},
      {resource::Quantity::descriptor(), FieldType::kQuantity},
      {intstr::IntOrString::descriptor(), FieldType::kIntOrString},
      {runtimev1::RawExtension::descriptor(), FieldType::kRawExtension},
  };
  const auto it = special.find(message);
  return it == special.end() ? FieldType::kMessage : it->second;
}

FieldType type_of(const FieldDescriptor* field) {
  switch (field->type()) {
    case FieldDescriptor::TYPE_STRING:
      return FieldType::kString;
    case FieldDescriptor::TYPE_BYTES:
      return FieldType::kBytes;
    case FieldDescriptor::TYPE_BOOL:
      return FieldType::kBool;
    case FieldDescriptor::TYPE_INT32:
      return FieldType::kInt32;
    case FieldDescriptor::TYPE_INT64:
      return FieldType::kInt64;
    case FieldDescriptor::TYPE_MESSAGE:
      return type_of_message(field->message_type());
    default:
      break;
  }
  // A declaration nobody wrote the JSON of: found by the first test that touches the kind.
  GOOGLE_LOG(FATAL) << "no JSON form for the type of " << field->full_name();
  std::abort();
}

Presence presence_of(const FieldDescriptor* field) {
  const auto& options = field->options();
  if (options.GetExtension(stint::inline_)) return Presence::kInline;
  if (options.GetExtension(stint::always)) return Presence::kAlways;
  if (options.GetExtension(stint::pointer)) return Presence::kPointer;
  return Presence::kNonZero;
}

void add_patch_strategy(FieldPlan& plan) {
  const auto& options = plan.field->options();
  std::string_view strategies = options.GetExtension(stint::patch_strategy);
  plan.patch_merge_key = options.GetExtension(stint::patch_merge_key);
  while (!strategies.empty()) {
    const std::string_view strategy = strategies.substr(0, strategies.find(','));
    plan.patch_merges |= strategy == "merge";
    plan.patch_replaces |= strategy == "replace";
    strategies.remove_prefix(std::min(strategy.size() + 1, strategies.size()));
  }
}

// A field of the message's JSON object; null when it has none of the name.
const FieldDescriptor* find_member(const Descriptor* message, const std::string& name) {
  for (int i = 0; i < message->field_count(); ++i) {
    const FieldDescriptor* field = message->field(i);
    if (field->name() == name) return field;
    if (!field->options().GetExtension(stint::inline_)) continue;
    if (const FieldDescriptor* found = find_member(field->message_type(), name)) return found;
  }
  return nullptr;
}

// What OpenAPI publishes as the default of a key, which stands for it in items without it.
std::string default_of_key(const FieldDescriptor* key) {
  const auto& options = key->options();
  if (options.HasExtension(stint::default_json)) return options.GetExtension(stint::default_json);
  if (!options.GetExtension(stint::always) || key->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return "";
  if (key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return "\"\"";
  return key->cpp_type() == FieldDescriptor::CPPTYPE_BOOL ? "false" : "0";
}

void add_list_type(FieldPlan& plan) {
  const auto& options = plan.field->options();
  const std::string& type = options.GetExtension(stint::list_type);
  if (type == "set") plan.list_type = ListType::kSet;
  if (type != "map") return;
  plan.list_type = ListType::kMap;
  for (int i = 0; i < options.ExtensionSize(stint::list_map_key); ++i) {
    const std::string& name = options.GetExtension(stint::list_map_key, i);
    const FieldDescriptor* key = find_member(plan.field->message_type(), name);
    if (key == nullptr) GOOGLE_LOG(FATAL) << "no such key as " << name << " in " << plan.field->full_name();
    plan.list_keys.push_back({name, default_of_key(key)});
  }
  std::ranges::sort(plan.list_keys, {}, &ListKey::name);
}

// REQUIRES: the plan's shape is known.
bool is_owned_whole(const FieldPlan& plan) {
  const std::string& type = plan.field->options().GetExtension(stint::map_type);
  if (plan.shape == FieldShape::kMap || !type.empty()) return type == "atomic";
  return plan.message != nullptr && plan.message->is_atomic;
}

bool is_hidden(const FieldDescriptor* field) { return field->has_json_name() && field->json_name() == "-"; }

const google::protobuf::Reflection* access_to(const Descriptor* message) {
  return google::protobuf::MessageFactory::generated_factory()->GetPrototype(message)->GetReflection();
}

// All plans so far. Readers share the lock; building a plan builds all it reaches.
class Plans {
 public:
  const MessagePlan& get(const Descriptor* descriptor) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto it = plans_.find(descriptor); it != plans_.end()) return *it->second;
    }
    const std::unique_lock lock(mutex_);
    std::vector<MessagePlan*> built;
    const MessagePlan* plan = build(descriptor, built);
    for (MessagePlan* each : built) {
      add_members(*each, {}, each->members);
      std::ranges::sort(each->members, {}, &MemberPlan::name);
    }
    return *plan;
  }

 private:
  MessagePlan* build(const Descriptor* descriptor, std::vector<MessagePlan*>& built) {
    auto& slot = plans_[descriptor];
    if (slot != nullptr) return slot.get();
    slot = std::make_unique<MessagePlan>();
    MessagePlan* plan = slot.get();  // `slot` moves when the map grows
    plan->descriptor = descriptor;
    plan->is_atomic = descriptor->options().GetExtension(stint::struct_type) == "atomic";
    built.push_back(plan);
    for (int i = 0; i < descriptor->field_count(); ++i) {
      if (!is_hidden(descriptor->field(i))) plan->fields.push_back(build_field(descriptor->field(i), built));
    }
    return plan;
  }

  FieldPlan build_field(const FieldDescriptor* field, std::vector<MessagePlan*>& built) {
    FieldPlan plan;
    plan.field = field;
    plan.access = access_to(field->containing_type());
    plan.name = field->name();
    plan.prefix = "\"" + plan.name + "\":";
    plan.presence = presence_of(field);
    add_patch_strategy(plan);
    const FieldDescriptor* element = field;
    if (field->is_map()) {
      plan.shape = FieldShape::kMap;
      plan.map_key = field->message_type()->map_key();
      plan.map_value = element = field->message_type()->map_value();
      plan.map_access = access_to(field->message_type());
    } else if (field->is_repeated()) {
      plan.shape = FieldShape::kRepeated;
      add_list_type(plan);
      plan.is_list_items = plan.name == "items" && field->containing_type()->name().ends_with("List");
    }
    plan.type = type_of(element);
    if (plan.type == FieldType::kMessage) plan.message = build(element->message_type(), built);
    plan.is_atomic = is_owned_whole(plan);
    return plan;
  }

  static void add_members(const MessagePlan& plan, const std::vector<const FieldPlan*>& inlined, std::vector<MemberPlan>& members) {
    for (const FieldPlan& field : plan.fields) {
      if (field.presence != Presence::kInline) {
        members.push_back({field.name, inlined, &field});
        continue;
      }
      std::vector<const FieldPlan*> deeper = inlined;
      deeper.push_back(&field);
      add_members(*field.message, deeper, members);
    }
  }

  std::shared_mutex mutex_;
  std::unordered_map<const Descriptor*, std::unique_ptr<MessagePlan>> plans_;
};

}  // namespace

const MemberPlan* MessagePlan::find(std::string_view name) const {
  const auto it = std::ranges::lower_bound(members, name, {}, &MemberPlan::name);
  return it != members.end() && it->name == name ? &*it : nullptr;
}

const MessagePlan& plan_of(const Descriptor* descriptor) {
  static Plans& plans = *new Plans();  // never destroyed: others may encode while the program ends
  return plans.get(descriptor);
}

}  // namespace stint
