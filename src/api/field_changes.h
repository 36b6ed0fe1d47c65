// What differs between two states of an object, field by field as server-side apply sees fields: lists by their keys, atomic
// structs, maps and lists as wholes. It runs at every write, so it reads the messages themselves. Pure; any thread.
#pragma once

#include "api/field_set.h"
#include "api/types.h"

namespace stint {

struct FieldChanges {
  FieldSet added, modified, removed;
  bool empty() const { return added.empty() && modified.empty() && removed.empty(); }
  // Leaves the fields out, with all below them.
  void leave_out(const FieldSet& fields);
};

// REQUIRES: both are of one type. Fields of `ignored`, with all below them, are left out.
FieldChanges changes_between(const Message& old, const Message& next, const FieldSet& ignored = {});

}  // namespace stint
