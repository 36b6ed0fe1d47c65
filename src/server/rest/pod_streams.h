// The subresources of a pod that are answered by streams: exec, attach, portforward. What can be refused is refused before the upgrade, as
// any other error is: a client whose upgrade fails tries older ways, and would tell of those. Loop thread only.
#pragma once

#include <functional>
#include <string>

#include "api/pod_exec.h"
#include "api/pod_forward.h"
#include "api/types.h"
#include "server/rest/query.h"
#include "server/rest/reply.h"
#include "wire/http.h"

namespace stint::rest {

struct PodStreamCall {
  Loop& loop;
  ExecSource* exec;        // null: there is no node
  ForwardSource* forward;  // null: nor one for ports
  const http::Request& http;
  http::Response& response;
  const Query& query;
  const corev1::Pod& pod;
  std::string subresource;
  http::Headers headers;           // of the upgrade
  std::function<void()> upgraded;  // called before the first byte of a stream
};
// Nothing: it was answered by streams, which have ended. REQUIRES: what the call refers to outlives the task.
Task<std::optional<Reply>> answer_pod_stream(PodStreamCall call);

}  // namespace stint::rest
