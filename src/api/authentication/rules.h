// authentication.k8s.io/v1: who somebody is, and tokens.
#pragma once

#include "api/kind.h"

namespace stint::authentication {

extern const Rules kTokenReviewRules;
extern const Rules kSelfSubjectReviewRules;
extern const Rules kTokenRequestRules;

}  // namespace stint::authentication
