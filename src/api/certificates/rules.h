// certificates.k8s.io/v1 ClusterTrustBundle.
#pragma once

#include "api/kind.h"

namespace stint::certificates {

extern const Rules kClusterTrustBundleRules;

}  // namespace stint::certificates
