// The health check of gRPC: grpc.health.v1.Health/Check, asked by hand over HTTP/2. A message of one field does not need a library.
#include "node/probes/checks.h"
#include "node/probes/grpc_message.h"
#include "node/probes/http_action.h"

namespace stint {

Task<CheckResult> Checks::check_grpc(CheckedContainerPtr container, corev1::GRPCAction action, Duration limit) {
  const std::string place = join_host_port(container->address, action.port());
  FetchRequest request{.http2 = action.mode() != "TLS", .post = true, .body = grpc_health_request(action.service()), .timeout = limit};
  request.url = (request.http2 ? "http://" : "https://") + place + "/grpc.health.v1.Health/Check";
  request.headers = {"Content-Type: application/grpc", "TE: trailers", "User-Agent: " + std::string(kProbeUserAgent), "Accept:"};
  const FetchAnswer answer = co_await fetcher_.fetch(std::move(request));
  const std::string within = " within " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + "s";
  if (answer.kind == FetchAnswer::Kind::kTimedOut)
    co_return CheckResult{CheckResult::Kind::kFailure,
                          "timeout: failed to connect service \"" + place + "\"" + within + ": context deadline exceeded"};
  if (answer.kind != FetchAnswer::Kind::kAnswered)
    co_return CheckResult{CheckResult::Kind::kFailure, "error: failed to connect service at \"" + place + "\": " + answer.error};
  co_return judge_grpc_health(answer);
}

}  // namespace stint
