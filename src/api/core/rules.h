// The rules of the core group's kinds, one file a kind.
#pragma once

#include "api/kind.h"

namespace stint::core {

extern const Rules kPodRules;
extern const Rules kNamespaceRules;
extern const Rules kEventRules;
extern const Rules kNodeRules;
extern const Rules kConfigMapRules;
extern const Rules kSecretRules;
extern const Rules kServiceAccountRules;
extern const Rules kServiceRules;

}  // namespace stint::core
