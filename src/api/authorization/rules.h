// authorization.k8s.io/v1: questions about who may do what.
#pragma once

#include "api/kind.h"

namespace stint::authorization {

extern const Rules kSelfSubjectAccessReviewRules;
extern const Rules kSubjectAccessReviewRules;
extern const Rules kLocalSubjectAccessReviewRules;
extern const Rules kSelfSubjectRulesReviewRules;

}  // namespace stint::authorization
