// spec.successPolicy: whether the indexes that succeeded are enough. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "api/types.h"
#include "control/job/indexes.h"

namespace stint::job {

// The message of the first rule met, if any is.
std::optional<std::string> match_success_policy(const batchv1::Job& job, const IndexSet& succeeded);

}  // namespace stint::job
