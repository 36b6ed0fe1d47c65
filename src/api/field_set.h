// A set of fields of an object, as server-side apply keeps one for each manager: paths, held as a tree. Its written form is
// FieldsV1, {"f:spec":{"f:parallelism":{}}}; upstream's structured-merge-diff says what each operation means. Pure; any thread.
#pragma once

#include <compare>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stint {

// One step of a path.
struct PathElement {
  // In the order in which they sort.
  enum class Type : unsigned char {
    kField,  // a member of a struct or a map
    kKey,    // an item of a list, by its keys
    kValue,  // an item of a set
    kIndex,  // an item of a list, by its place
  };
  Type type = Type::kField;
  // The field's name, or canonical JSON: {"containerPort":80,"protocol":"TCP"} with sorted names, a scalar, a number.
  std::string text;

  static PathElement field(std::string_view name) { return {Type::kField, std::string(name)}; }
  // ".spec", `[name="a"]`, `[="a"]`, "[0]".
  std::string shown() const;
  bool operator==(const PathElement& other) const = default;
  // Upstream's order: numbers by their value, everything else by its text.
  std::weak_ordering operator<=>(const PathElement& other) const;
};

// `.spec.containers[name="a"].image`
std::string shown(std::span<const PathElement> path);

struct FieldSet {
  struct Node;
  // Sorted by element. Each is itself in the set, or has something in the set below it; the operations keep it so.
  std::vector<Node> nodes;

  FieldSet();
  FieldSet(const FieldSet&);
  FieldSet(FieldSet&&) noexcept;
  FieldSet& operator=(const FieldSet&);
  FieldSet& operator=(FieldSet&&) noexcept;
  ~FieldSet();

  // Where the form is broken: kNone, which is what upstream answers with. Elements of types nobody knows are dropped.
  static Result<FieldSet> parse(std::string_view fields_v1);
  std::string to_text() const;

  bool empty() const;
  bool contains(std::span<const PathElement> path) const;
  void insert(std::span<const PathElement> path);
  // What lies below the element; null when nothing does.
  const FieldSet* below(const PathElement& element) const;

  // Each tells whether the set is another now.
  bool add(const FieldSet& other);
  bool subtract(const FieldSet& other);        // a parent stays when its child goes, and the other way round
  bool subtract_trees(const FieldSet& other);  // what is in `other` goes with all below it
  bool intersects(const FieldSet& other) const;
  FieldSet intersection(const FieldSet& other) const;
  bool operator==(const FieldSet& other) const;

  // Upstream's order: what is directly below a place, then what is deeper.
  std::vector<std::vector<PathElement>> paths() const;

  // For whoever builds a set: adds a node at the end unless it would be an empty one. REQUIRES: sort() before anything else, unless
  // nodes came in order.
  void append(PathElement element, bool is_member, FieldSet below);
  void sort();
};

struct FieldSet::Node {
  PathElement element;
  bool is_member = false;
  FieldSet below;
  bool operator==(const Node&) const = default;
};

inline FieldSet::FieldSet() = default;
inline FieldSet::FieldSet(const FieldSet&) = default;
inline FieldSet::FieldSet(FieldSet&&) noexcept = default;
inline FieldSet& FieldSet::operator=(const FieldSet&) = default;
inline FieldSet& FieldSet::operator=(FieldSet&&) noexcept = default;
inline FieldSet::~FieldSet() = default;
inline bool FieldSet::empty() const { return nodes.empty(); }
inline bool FieldSet::operator==(const FieldSet& other) const { return nodes == other.nodes; }

}  // namespace stint
