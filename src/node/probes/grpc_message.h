// The two messages of gRPC's health protocol, in their frames. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "node/probes/checks.h"

namespace stint {

// grpc.health.v1.HealthCheckRequest{service}, framed.
std::string grpc_health_request(std::string_view service);
// From the answer to what a probe makes of it: only SERVING is good.
CheckResult judge_grpc_health(const FetchAnswer& answer);

}  // namespace stint
