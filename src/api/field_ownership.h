// What a write does to metadata.managedFields, and what server-side apply does to an object: the rules of upstream's field manager.
// Pure; any thread.
#pragma once

#include "api/field_changes.h"
#include "api/field_managers.h"
#include "api/json.h"
#include "api/kind.h"

namespace stint {

// A write that is to be credited to somebody.
struct FieldWrite {
  const Kind& kind;
  FieldWriter writer;
  const FieldSet& reset;  // what this endpoint does not let anybody change
  WallTime now;
};

// After an update, a patch or, when `old` is null, a create: what changed is the writer's now, what went is nobody's. `next` has the
// client's managedFields, which count only where they are valid; an object that nobody tracked stays untracked.
void credit_update(const FieldWrite& write, const Message* old, Message& next);

// Takes back times that are all that is new in `next`.
void keep_times_of_same(const Message& old, Message& next);

// The object that the configuration makes of `live` (an empty one, without uid, when there is none), with its managers, without
// defaults. Errors are upstream's: kConflict with one cause a field of somebody else, kBadRequest, kNone where the configuration does not
// fit the kind.
Result<std::unique_ptr<Message>> apply_configuration(const FieldWrite& write, const Message& live, const json::Value& configuration,
                                                     bool force);

// The fields of metadata that nobody is ever said to manage.
const FieldSet& unmanaged_fields();
// The changes from `live` to the document as another version names them; nothing when that is not served, or does not fit.
std::optional<FieldChanges> changes_in_version(const FieldWrite& write, const std::string& api_version, const Message& live,
                                               const json::Value& next);

}  // namespace stint
