#include "api/field_changes.h"

#include <algorithm>

#include "api/equality.h"
#include "api/message_plan.h"
#include "api/message_slot.h"

namespace stint {
namespace {

// What became of a place itself, apart from what is below it.
struct Fate {
  bool added = false, modified = false, removed = false;
  bool none() const { return !added && !modified && !removed; }
};

Fate fate_of(const Slot& old, const Slot& next) { return {.added = !old, .removed = !next}; }

Fate fate_of_whole(const Slot& old, const Slot& next, const FieldPlan& field) {
  if (!old || !next) return fate_of(old, next);
  return {.modified = !same_value(old, next, field)};
}

void attach(const PathElement& element, Fate fate, FieldChanges below, FieldChanges& out) {
  if (fate.added || !below.added.empty()) out.added.append(element, fate.added, std::move(below.added));
  if (fate.modified || !below.modified.empty()) out.modified.append(element, fate.modified, std::move(below.modified));
  if (fate.removed || !below.removed.empty()) out.removed.append(element, fate.removed, std::move(below.removed));
}

bool same_texts(const google::protobuf::Map<std::string, std::string>& a, const google::protobuf::Map<std::string, std::string>& b) {
  return a.size() == b.size() && std::ranges::all_of(a, [&](const auto& entry) {
           const auto found = b.find(entry.first);
           return found != b.end() && found->second == entry.second;
         });
}

template <class Items>
bool same_items(const Items& a, const Items& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return same_bytes(x, y); });
}

// Alike in all but the managers, which manage no field of theirs.
bool same_metadata(const metav1::ObjectMeta& a, const metav1::ObjectMeta& b) {
  return a.name() == b.name() && a.generatename() == b.generatename() && a.namespace_() == b.namespace_() && a.selflink() == b.selflink() &&
         a.uid() == b.uid() && a.resourceversion() == b.resourceversion() && a.generation() == b.generation() &&
         a.has_creationtimestamp() == b.has_creationtimestamp() && same_bytes(a.creationtimestamp(), b.creationtimestamp()) &&
         a.has_deletiontimestamp() == b.has_deletiontimestamp() && same_bytes(a.deletiontimestamp(), b.deletiontimestamp()) &&
         a.has_deletiongraceperiodseconds() == b.has_deletiongraceperiodseconds() &&
         a.deletiongraceperiodseconds() == b.deletiongraceperiodseconds() && same_texts(a.labels(), b.labels()) &&
         same_texts(a.annotations(), b.annotations()) && same_items(a.ownerreferences(), b.ownerreferences()) &&
         std::ranges::equal(a.finalizers(), b.finalizers());
}

// Most of an object stays as it was at a write, and seeing that costs a fraction of following it field by field.
bool is_same_part(const Slot& old, const Slot& next, const FieldPlan& field) {
  if (!old || !next || field.shape != FieldShape::kSingle || field.type != FieldType::kMessage) return false;
  const Message& a = old.message();
  const Message& b = next.message();
  if (a.GetDescriptor() != metav1::ObjectMeta::descriptor()) return same_bytes(a, b);
  return same_metadata(static_cast<const metav1::ObjectMeta&>(a), static_cast<const metav1::ObjectMeta&>(b));
}

// The recursion ends with the descriptors: no kind contains itself. A null message is an absent one.
class Comparison {
 public:
  void whole(const Message& old, const Message& next, const MessagePlan& plan, const FieldSet& ignored, FieldChanges& out) {
    for (const MemberPlan& member : plan.members) {
      if (is_ignored(member.name, ignored)) continue;
      const Slot a = member_slot(&old, member), b = member_slot(&next, member);
      if (!is_same_part(a, b, *member.field)) compare(a, b, member, out);
    }
  }

 private:
  void members(const Message* old, const Message* next, const MessagePlan& plan, FieldChanges& out) {
    for (const MemberPlan& member : plan.members) compare(member_slot(old, member), member_slot(next, member), member, out);
  }

  void compare(const Slot& a, const Slot& b, const MemberPlan& member, FieldChanges& out) {
    if (!a && !b) return;
    FieldChanges below;
    const Fate fate = value(a, b, *member.field, below);
    if (!fate.none() || !below.empty()) attach(PathElement::field(member.name), fate, std::move(below), out);
  }

  static bool is_ignored(std::string_view name, const FieldSet& ignored) {
    return std::ranges::any_of(ignored.nodes, [&](const FieldSet::Node& node) { return node.is_member && node.element.text == name; });
  }

  Fate value(const Slot& old, const Slot& next, const FieldPlan& field, FieldChanges& below) {
    switch (field.shape) {
      case FieldShape::kSingle:
        return single(old, next, field, field.is_atomic, below);
      case FieldShape::kRepeated:
        if (field.list_type == ListType::kAtomic) return fate_of_whole(old, next, field);
        items(old, next, field, below);
        return fate_of(old, next);
      case FieldShape::kMap:
        if (field.is_atomic) return fate_of_whole(old, next, field);
        entries(old, next, field, below);
        return fate_of(old, next);
    }
    std::unreachable();
  }

  // Also one item of a list and one value of a map.
  Fate single(const Slot& old, const Slot& next, const FieldPlan& field, bool is_atomic, FieldChanges& below) {
    if (field.type != FieldType::kMessage || is_atomic) return fate_of_whole(old, next, field);
    members(old ? &old.message() : nullptr, next ? &next.message() : nullptr, *field.message, below);
    return fate_of(old, next);
  }

  void element(const Slot& old, const Slot& next, const FieldPlan& field, const PathElement& element, FieldChanges& out) {
    FieldChanges below;
    const Fate fate = single(old, next, field, field.message != nullptr && field.message->is_atomic, below);
    if (!fate.none() || !below.empty()) attach(element, fate, std::move(below), out);
  }

  void entries(const Slot& old, const Slot& next, const FieldPlan& field, FieldChanges& out) {
    const std::vector<MapEntry> a = sorted_entries(old, field), b = sorted_entries(next, field);
    for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
      const bool in_a = i < a.size() && (j == b.size() || a[i].key <= b[j].key);
      const bool in_b = j < b.size() && (i == a.size() || b[j].key <= a[i].key);
      const std::string_view key = in_a ? a[i].key : b[j].key;
      element(in_a ? a[i].value : Slot(), in_b ? b[j].value : Slot(), field, PathElement::field(key), out);
      i += in_a ? 1 : 0;
      j += in_b ? 1 : 0;
    }
  }

  void items(const Slot& old, const Slot& next, const FieldPlan& field, FieldChanges& out) {
    const std::vector<ListItem> a = sorted_items(old, field), b = sorted_items(next, field);
    for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
      const PathElement& key = j == b.size() || (i < a.size() && a[i].element.text <= b[j].element.text) ? a[i].element : b[j].element;
      const size_t old_from = i, next_from = j;
      while (i < a.size() && a[i].element.text == key.text) ++i;
      while (j < b.size() && b[j].element.text == key.text) ++j;
      same_key(std::span(a).subspan(old_from, i - old_from), std::span(b).subspan(next_from, j - next_from), field, key, out);
    }
    out.added.sort();
    out.modified.sort();
    out.removed.sort();
  }

  // Items that share a key are one place, which is there as long as they are several.
  void same_key(std::span<const ListItem> old, std::span<const ListItem> next, const FieldPlan& field, const PathElement& key,
                FieldChanges& out) {
    if (old.size() <= 1 && next.size() <= 1) {
      element(old.empty() ? Slot() : old[0].value, next.empty() ? Slot() : next[0].value, field, key, out);
      return;
    }
    FieldChanges below;
    Fate fate;
    if (old.size() >= 2 && next.size() >= 2) {
      const auto is_same = [&](const ListItem& x, const ListItem& y) { return same_value(x.value, y.value, field); };
      fate.modified = !std::ranges::equal(old, next, is_same);
    } else if (old.size() >= 2) {
      if (!next.empty()) fate = single(Slot(), next[0].value, field, field.message != nullptr && field.message->is_atomic, below);
      fate.removed = true;
    } else {
      if (!old.empty()) fate = single(old[0].value, Slot(), field, field.message != nullptr && field.message->is_atomic, below);
      fate.added = true;
    }
    attach(key, fate, std::move(below), out);
  }
};

}  // namespace

void FieldChanges::leave_out(const FieldSet& fields) {
  if (fields.empty()) return;
  added.subtract_trees(fields);
  modified.subtract_trees(fields);
  removed.subtract_trees(fields);
}

FieldChanges changes_between(const Message& old, const Message& next, const FieldSet& ignored) {
  FieldChanges changes;
  Comparison().whole(old, next, plan_of(old.GetDescriptor()), ignored, changes);
  changes.leave_out(ignored);
  return changes;
}

}  // namespace stint
