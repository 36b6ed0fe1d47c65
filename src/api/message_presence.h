// Whether a field is in the message's JSON, and what stands there in its place when it has no value. Pure; any thread.
#pragma once

#include "api/message_plan.h"

namespace stint {

// REQUIRES: `field` is of the message's plan, and not an inlined one.
bool is_shown(const Message& message, const FieldPlan& field);
// A shown Time or MicroTime that is null.
bool is_null_time(FieldType type, const Message& time);

}  // namespace stint
