// The rules of the core group's kinds, one file a kind.
#pragma once

#include "api/kind.h"

namespace stint::core {

extern const Rules kPodRules;
extern const Rules kBindingRules;
extern const Rules kNamespaceRules;
extern const Rules kEventRules;
extern const Rules kNodeRules;
extern const Rules kConfigMapRules;
extern const Rules kSecretRules;
extern const Rules kServiceAccountRules;
extern const Rules kServiceRules;
extern const Rules kPodTemplateRules;
extern const Rules kPersistentVolumeClaimRules;
extern const Rules kPersistentVolumeRules;
extern const Rules kResourceQuotaRules;
extern const Rules kLimitRangeRules;

}  // namespace stint::core
