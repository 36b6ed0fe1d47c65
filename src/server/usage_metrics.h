// GETs of metrics.k8s.io, which is kept nowhere: the nodes and pods that the selectors pick, with what is measured of them. Loop thread
// only.
#pragma once

#include "server/pipeline.h"

namespace stint {

bool is_usage_metrics(const Kind& kind);
// kNotFound also while nothing has been measured of it.
Result<Answer> get_usage_metrics(Core& core, const Request& request);
Result<Answer> list_usage_metrics(Core& core, const Request& request);

}  // namespace stint
