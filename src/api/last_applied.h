// The annotation in which kubectl's client-side apply keeps what it applied, where server-side apply by kubectl heeds it. Pure; any
// thread.
#pragma once

#include "api/field_set.h"
#include "api/json.h"
#include "api/kind.h"

namespace stint {

// The fields that were applied from the client and still have the value they were given; empty when the annotation says nothing that
// could be used. `document` is the live object.
FieldSet fields_of_last_applied(const Message& live, const json::Value& document, const Kind& kind);
// An object that has the annotation gets it anew. It goes when it would make the annotations too large.
void keep_last_applied(const json::Value& configuration, metav1::ObjectMeta& metadata);

}  // namespace stint
