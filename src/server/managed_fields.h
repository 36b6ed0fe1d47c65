// Who manages which fields, at the front door: who the writer is, what an endpoint does not let anybody change, and server-side apply.
// The rules are in api/field_ownership.h. Pure; any thread.
#pragma once

#include "api/field_set.h"
#include "server/server.h"

namespace stint {

bool is_apply(const Request& request);

// After defaults, before admission: what those add is nobody's. `old` is null on a create.
void track_managers(const Request& request, const Message* old, Message& next, WallTime now);

// A status that the server itself writes, as upstream's does through its own API.
void track_own_status(const Kind& kind, const Message& old, Message& next, WallTime now);

// What server-side apply makes of `live`, an empty object when there is none; without defaults.
Result<std::unique_ptr<Message>> applied_object(const Request& request, const Message& live, std::vector<std::string>& warnings,
                                                WallTime now);

// The fields that writes at the endpoint cannot change, as upstream's strategies list them.
const FieldSet& reset_fields(const Kind& kind, std::string_view subresource);

}  // namespace stint
