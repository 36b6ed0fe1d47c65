// Which fields a document has, and which differ between two. The comparison of messages (field_changes.h) finds the same.
#include <algorithm>
#include <unordered_map>

#include "api/typed_document.h"

namespace stint::typed {
namespace {

using json::Value;
using Shape = Type::Shape;

FieldSet::Node node_of(PathElement element, const Value& value, const Type& type);

// The items of each place, in the order in which places first appear.
struct Places {
  std::vector<PathElement> order;
  std::unordered_map<std::string, std::vector<const Value*>> items;

  void add(const Value* list, const Type& type) {
    if (list == nullptr || !list->is_array()) return;
    for (const Value& item : list->as_array()) {
      Result<PathElement> element = item_element(type, item);
      if (!element) continue;
      std::vector<const Value*>& same = items[element->text];
      same.push_back(&item);
      if (same.size() == 1) order.push_back(*std::move(element));
    }
  }
  std::span<const Value* const> at(const PathElement& element) const {
    const auto found = items.find(element.text);
    return found == items.end() ? std::span<const Value* const>() : found->second;
  }
};

FieldSet fields_of_list(const Value& list, const Type& type) {
  FieldSet out;
  if (!list.is_array()) return out;
  Places places;
  places.add(&list, type);
  const Type item_type = type_of_item(type);
  for (PathElement& element : places.order) {
    const auto items = places.at(element);
    if (items.size() > 1) {
      out.append(std::move(element), true, {});  // which of them something below would be of, nobody knows
      continue;
    }
    FieldSet::Node node = node_of(std::move(element), *items[0], item_type);
    node.is_member = true;
    out.nodes.push_back(std::move(node));
  }
  out.sort();
  return out;
}

FieldSet fields_of_map(const Value& map, const Type& type) {
  FieldSet out;
  if (!map.is_object()) return out;
  for (const auto& [key, value] : map.as_object()) {
    const std::optional<Type> member = type_of_member(type, key);
    if (!member) continue;
    FieldSet::Node node = node_of(PathElement::field(key), value, *member);
    node.is_member |= type.shape != Shape::kStruct || value.is_null() || (value.is_object() && value.as_object().empty());
    out.append(std::move(node.element), node.is_member, std::move(node.below));
  }
  out.sort();
  return out;
}

FieldSet::Node node_of(PathElement element, const Value& value, const Type& type) {
  const bool is_container = type.shape == Shape::kList || type.shape == Shape::kMap || type.shape == Shape::kStruct ||
                            (type.shape == Shape::kAny && value.is_object());
  if (!is_container || type.is_atomic) return {std::move(element), true, {}};
  return {std::move(element), false, type.shape == Shape::kList ? fields_of_list(value, type) : fields_of_map(value, type)};
}

bool is_empty(const Value* value) {
  if (value == nullptr) return true;
  return value->is_array() ? value->as_array().empty() : !value->is_object() || value->as_object().empty();
}

struct Fate {
  bool added = false, modified = false, removed = false;
};

void attach(const PathElement& element, Fate fate, FieldChanges below, FieldChanges& out) {
  out.added.append(element, fate.added, std::move(below.added));
  out.modified.append(element, fate.modified, std::move(below.modified));
  out.removed.append(element, fate.removed, std::move(below.removed));
}

class Comparison {
 public:
  // Null is absent.
  Fate value(const Value* old, const Value* next, const Type& type, FieldChanges& below) {
    const bool is_any_map = type.shape == Shape::kAny && ((old != nullptr && old->is_object()) || (next != nullptr && next->is_object()));
    const bool is_leaf = type.shape == Shape::kScalar || (type.shape == Shape::kAny && !is_any_map) || type.is_atomic;
    if (!is_leaf && !(is_empty(old) && is_empty(next))) {
      if (type.shape == Shape::kList) {
        items(old, next, type, below);
      } else {
        members(old, next, type, below);
      }
      return {.added = old == nullptr, .removed = next == nullptr};
    }
    if (old == nullptr || next == nullptr) return {.added = old == nullptr, .removed = next == nullptr};
    return {.modified = !(*old == *next)};
  }

 private:
  void member(std::string_view key, const Value* old, const Value* next, const Type& type, FieldChanges& out) {
    const std::optional<Type> declared = type_of_member(type, key);
    if (!declared) return;
    FieldChanges below;
    const Fate fate = value(old, next, *declared, below);
    attach(PathElement::field(key), fate, std::move(below), out);
  }

  void members(const Value* old, const Value* next, const Type& type, FieldChanges& out) {
    static const json::Members kNone;
    const json::Members& a = old != nullptr && old->is_object() ? old->as_object() : kNone;
    const json::Members& b = next != nullptr && next->is_object() ? next->as_object() : kNone;
    const auto less = [](const auto* x, const auto* y) { return x->first < y->first; };
    const auto sorted = [&](const json::Members& members) {
      std::vector<const json::Members::value_type*> order;
      for (const auto& member : members) order.push_back(&member);
      std::ranges::sort(order, less);
      return order;
    };
    const auto x = sorted(a), y = sorted(b);
    for (size_t i = 0, j = 0; i < x.size() || j < y.size();) {
      const bool in_old = i < x.size() && (j == y.size() || !less(y[j], x[i]));
      const bool in_next = j < y.size() && (i == x.size() || !less(x[i], y[j]));
      member(in_old ? x[i]->first : y[j]->first, in_old ? &x[i]->second : nullptr, in_next ? &y[j]->second : nullptr, type, out);
      i += in_old ? 1 : 0;
      j += in_next ? 1 : 0;
    }
  }

  void items(const Value* old, const Value* next, const Type& type, FieldChanges& out) {
    Places a, b;
    a.add(old, type);
    b.add(next, type);
    std::vector<PathElement> all = a.order;
    for (const PathElement& element : b.order) {
      if (a.at(element).empty()) all.push_back(element);
    }
    for (const PathElement& element : all) same_key(a.at(element), b.at(element), type_of_item(type), element, out);
    out.added.sort();
    out.modified.sort();
    out.removed.sort();
  }

  void same_key(std::span<const Value* const> old, std::span<const Value* const> next, const Type& type, const PathElement& element,
                FieldChanges& out) {
    FieldChanges below;
    Fate fate;
    if (old.size() <= 1 && next.size() <= 1) {
      fate = value(old.empty() ? nullptr : old[0], next.empty() ? nullptr : next[0], type, below);
    } else if (old.size() >= 2 && next.size() >= 2) {
      fate.modified = !std::ranges::equal(old, next, [](const Value* x, const Value* y) { return *x == *y; });
    } else if (old.size() >= 2) {
      if (!next.empty()) fate = value(nullptr, next[0], type, below);
      fate.removed = true;
    } else {
      if (!old.empty()) fate = value(old[0], nullptr, type, below);
      fate.added = true;
    }
    attach(element, fate, std::move(below), out);
  }
};

}  // namespace

FieldSet fields_of(const Value& document, const Type& type) { return fields_of_map(document, type); }

FieldChanges changes_between(const Value& old, const Value& next, const Type& type) {
  FieldChanges changes;
  Comparison().value(&old, &next, type, changes);
  return changes;
}

void add_named_fields(FieldSet& fields, const Type& type) {
  for (FieldSet::Node& node : fields.nodes) {
    if (node.below.empty()) continue;
    std::optional<Type> child;
    if (node.element.type == PathElement::Type::kField) {
      child = type_of_member(type, node.element.text);
      node.is_member |= child && type.shape == Shape::kStruct;
    } else if (node.element.type == PathElement::Type::kKey && type.shape == Shape::kList) {
      child = type_of_item(type);
    }
    if (child) add_named_fields(node.below, *child);
  }
}

}  // namespace stint::typed
