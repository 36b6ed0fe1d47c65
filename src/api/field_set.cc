#include "api/field_set.h"

#include <algorithm>

namespace stint {
namespace {

using Nodes = std::vector<FieldSet::Node>;

// Where the element is, or would be.
template <class Container>
auto place(Container& nodes, const PathElement& element) {
  return std::ranges::lower_bound(
      nodes, element, [](const PathElement& a, const PathElement& b) { return a < b; }, &FieldSet::Node::element);
}

template <class Container>
auto find(Container& nodes, const PathElement& element) {
  auto at = place(nodes, element);
  return at != nodes.end() && at->element == element ? at : nodes.end();
}

bool is_empty(const FieldSet::Node& node) { return !node.is_member && node.below.empty(); }

void add_paths(const FieldSet& set, std::vector<PathElement>& prefix, std::vector<std::vector<PathElement>>& out) {
  for (const FieldSet::Node& node : set.nodes) {
    if (!node.is_member) continue;
    out.push_back(prefix);
    out.back().push_back(node.element);
  }
  for (const FieldSet::Node& node : set.nodes) {
    if (node.below.empty()) continue;
    prefix.push_back(node.element);
    add_paths(node.below, prefix, out);
    prefix.pop_back();
  }
}

}  // namespace

bool FieldSet::contains(std::span<const PathElement> path) const {
  if (path.empty()) return false;  // nobody owns an object as such
  const FieldSet* set = this;
  for (; path.size() > 1; path = path.subspan(1)) {
    set = set->below(path.front());
    if (set == nullptr) return false;
  }
  const auto at = find(set->nodes, path.front());
  return at != set->nodes.end() && at->is_member;
}

void FieldSet::insert(std::span<const PathElement> path) {
  if (path.empty()) return;
  auto at = place(nodes, path.front());
  if (at == nodes.end() || at->element != path.front()) at = nodes.insert(at, Node{.element = path.front()});
  if (path.size() == 1) {
    at->is_member = true;
  } else {
    at->below.insert(path.subspan(1));
  }
}

const FieldSet* FieldSet::below(const PathElement& element) const {
  const auto at = find(nodes, element);
  return at == nodes.end() || at->below.empty() ? nullptr : &at->below;
}

bool FieldSet::add(const FieldSet& other) {
  bool changed = false;
  std::vector<const Node*> missing;
  auto at = nodes.begin();
  for (const Node& theirs : other.nodes) {
    at = std::find_if(at, nodes.end(), [&](const Node& node) { return node.element >= theirs.element; });
    if (at == nodes.end() || at->element != theirs.element) {
      missing.push_back(&theirs);
      continue;
    }
    changed |= theirs.is_member && !at->is_member;
    at->is_member |= theirs.is_member;
    changed |= at->below.add(theirs.below);
  }
  if (missing.empty()) return changed;
  Nodes merged;
  merged.reserve(nodes.size() + missing.size());
  auto ours = nodes.begin();
  for (const Node* theirs : missing) {
    while (ours != nodes.end() && ours->element < theirs->element) merged.push_back(std::move(*ours++));
    merged.push_back(*theirs);
  }
  std::move(ours, nodes.end(), std::back_inserter(merged));
  nodes = std::move(merged);
  return true;
}

bool FieldSet::subtract(const FieldSet& other) {
  bool changed = false;
  auto at = nodes.begin();
  for (const Node& theirs : other.nodes) {
    at = std::find_if(at, nodes.end(), [&](const Node& node) { return node.element >= theirs.element; });
    if (at == nodes.end()) break;
    if (at->element != theirs.element) continue;
    changed |= at->is_member && theirs.is_member;
    at->is_member &= !theirs.is_member;
    changed |= at->below.subtract(theirs.below);
  }
  if (changed) std::erase_if(nodes, is_empty);
  return changed;
}

bool FieldSet::subtract_trees(const FieldSet& other) {
  bool changed = false;
  for (const Node& theirs : other.nodes) {
    const auto at = find(nodes, theirs.element);
    if (at == nodes.end()) continue;
    if (theirs.is_member) {
      nodes.erase(at);
      changed = true;
    } else if (at->below.subtract_trees(theirs.below)) {
      if (is_empty(*at)) nodes.erase(at);
      changed = true;
    }
  }
  return changed;
}

bool FieldSet::intersects(const FieldSet& other) const {
  for (const Node& theirs : other.nodes) {
    const auto at = find(nodes, theirs.element);
    if (at == nodes.end()) continue;
    if ((at->is_member && theirs.is_member) || at->below.intersects(theirs.below)) return true;
  }
  return false;
}

FieldSet FieldSet::intersection(const FieldSet& other) const {
  FieldSet out;
  for (const Node& theirs : other.nodes) {
    const auto at = find(nodes, theirs.element);
    if (at != nodes.end()) out.append(theirs.element, at->is_member && theirs.is_member, at->below.intersection(theirs.below));
  }
  return out;
}

std::vector<std::vector<PathElement>> FieldSet::paths() const {
  std::vector<std::vector<PathElement>> out;
  std::vector<PathElement> prefix;
  add_paths(*this, prefix, out);
  return out;
}

void FieldSet::append(PathElement element, bool is_member, FieldSet below) {
  if (is_member || !below.empty()) nodes.push_back({std::move(element), is_member, std::move(below)});
}

void FieldSet::sort() {
  std::ranges::sort(nodes, [](const PathElement& a, const PathElement& b) { return a < b; }, &Node::element);
}

}  // namespace stint
