// HTTP in front of the server: who asks, for what, in which form, and the answer in the form asked for.
//   parse the path → authenticate → impersonate → authorize → negotiate → decode → Server::handle → encode → audit.
// Paths that name objects go through server/server.h; documents (discovery, OpenAPI, health, metrics, version) are answered
// here. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/node_page.h"
#include "api/pod_exec.h"
#include "api/pod_forward.h"
#include "api/pod_log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "server/audit_log.h"
#include "server/rest/audit.h"
#include "server/rest/fair_share.h"
#include "server/server.h"
#include "wire/http.h"

namespace stint {

struct HealthCheck {
  std::string name;
  std::function<Result<void>()> check;  // an error's message is logged, and shown to whoever asks for this check alone
};

struct RestOptions {
  std::string version = STINT_VERSION;  // of this program: gitVersion becomes "v1.37.2+stint.<version>"
  LogSource* logs = nullptr;            // null: this server has no node to ask for logs
  ExecSource* exec = nullptr;           // null: nor to run commands on
  ForwardSource* forward = nullptr;     // null: nor to reach ports of pods
  NodePageSource* pages = nullptr;      // null: nor to show its own pages
  std::string server_address;           // "127.0.0.1:6443", as discovery publishes it
  std::vector<HealthCheck> health_checks;
  rest::ShareLimits share;        // how much is worked on at once, for all and for each user
  AuditLog* audit_log = nullptr;  // null: nothing is kept of requests
  rest::AuditLevel audit_level = rest::AuditLevel::kMetadata;
  Metrics* metrics = nullptr;  // what /metrics shows, and what outlives the handler; null: only its own
};

class RestHandler {
 public:
  // REQUIRES: loop and server outlive the handler, and the handler every task that handle() returned.
  RestHandler(Loop& loop, Server& server, RestOptions options);
  ~RestHandler();

  // Usable as http::Handler. `response` must live until the task ends.
  Task<void> handle(http::Request request, http::Response& response);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stint
