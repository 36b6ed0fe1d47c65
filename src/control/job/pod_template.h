// The pods that a Job creates. Pure; any thread.
#pragma once

#include "api/types.h"
#include "control/job/plan.h"

namespace stint::job {

// Upstream's names.MaxGeneratedNameLength: the server adds five characters to at most this many.
inline constexpr size_t kGenerateNameBytesMax = 58;

corev1::Pod make_pod(const batchv1::Job& job, const Creation& creation);

}  // namespace stint::job
