// What the audit log says of a request: an Event of audit.k8s.io/v1 at the stage ResponseComplete. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "server/rest/request_info.h"
#include "server/server.h"
#include "wire/http.h"

namespace stint::rest {

// How much of a request is kept. Bodies that hold credentials never are.
enum class AuditLevel { kMetadata, kRequest, kRequestResponse };

struct AuditRecord {
  AuditLevel level = AuditLevel::kMetadata;
  std::string id;
  std::string uri;  // path and query as sent
  std::string user_agent, remote;
  RequestInfo info;
  User user;
  std::optional<User> impersonated;
  std::optional<bool> allowed;  // none: the question was not reached
  std::string reason;           // of the decision
  int code = 0;
  std::optional<Error> error;
  std::string request_object, response_object;  // compact JSON, "" none
  AuditAnnotations annotations;                 // of admission
  WallTime received, answered;
};

// One line of compact JSON.
std::string audit_line(const AuditRecord& record);

// Whether bodies of such a request may be kept.
bool keeps_bodies(const RequestInfo& info);

// The decoded body of a request as compact JSON, "" when it has none.
std::string request_object(const http::Request& http, const Request& request);

}  // namespace stint::rest
