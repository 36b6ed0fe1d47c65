// events.k8s.io/v1 Event: the second shape of the core Event, which is what is stored.
#pragma once

#include "api/kind.h"

namespace stint::events {

extern const Rules kEventRules;
void to_core(const Message& shape, Message& stored);
void from_core(const Message& stored, Message& shape);

}  // namespace stint::events
