// The certificates that a clusterTrustBundle projection chooses, each once, as PEM. Source: upstream's pkg/kubelet/clustertrustbundle.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "api/object.h"
#include "base/result.h"

namespace stint {

// An error is what FailedMount says. `bundles` are all there are.
Result<std::string> trust_anchors(const corev1::ClusterTrustBundleProjection& projection, const std::vector<Object>& bundles);

}  // namespace stint
