#include "server/rest/audit.h"

#include <array>

#include "server/rest/status_text.h"

namespace stint::rest {
namespace {

constexpr std::array<std::string_view, 3> kLevels = {"Metadata", "Request", "RequestResponse"};

// Builds an object, on one line, from texts that are JSON already.
class Line {
 public:
  void raw(std::string_view key, std::string_view value) {
    if (value.ends_with('\n')) value.remove_suffix(1);
    out_ += out_.empty() ? '{' : ',';
    json::append_quoted(key, out_);
    out_ += ':';
    out_ += value;
  }
  void text(std::string_view key, std::string_view value) {
    std::string quoted;
    json::append_quoted(value, quoted);
    raw(key, quoted);
  }
  void optional(std::string_view key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  std::string take() { return out_.empty() ? "{}" : std::move(out_) + "}"; }

 private:
  std::string out_;
};

std::string list_text(const std::vector<std::string>& texts) { return json::to_text(json::Value(json::Array(texts.begin(), texts.end()))); }

std::string user_text(const User& user) {
  Line line;
  line.optional("username", user.name);
  line.optional("uid", user.uid);
  if (!user.groups.empty()) line.raw("groups", list_text(user.groups));
  if (!user.extra.empty()) {
    Line extra;
    for (const auto& [key, values] : user.extra) extra.raw(key, list_text(values));
    line.raw("extra", extra.take());
  }
  return line.take();
}

std::string object_text(const RequestInfo& info) {
  Line line;
  line.optional("resource", info.resource);
  line.optional("namespace", info.ns);
  line.optional("name", info.name);
  line.optional("apiGroup", info.group);
  line.optional("apiVersion", info.version);
  line.optional("subresource", info.subresource);
  return line.take();
}

// What is wrong with a body is told with pieces of it, a patch even whole: not where the body is not to be kept.
Error without_body(Error error) {
  error.message.clear();
  error.causes.clear();
  return error;
}

std::string status_text_of(const AuditRecord& record) {
  if (!record.error) return R"({"metadata":{},"code":)" + std::to_string(record.code) + "}";
  const bool may_quote = record.code == 400 || record.code == 422;
  std::string status = status_text(may_quote && !keeps_bodies(record.info) ? without_body(*record.error) : *record.error);
  constexpr std::string_view kType = R"("kind":"Status","apiVersion":"v1",)";
  if (const size_t at = status.find(kType); at != std::string::npos) status.erase(at, kType.size());
  return status;
}

std::string annotations_text(const AuditRecord& record) {
  Line line;
  line.text("authorization.k8s.io/decision", *record.allowed ? "allow" : "forbid");
  line.text("authorization.k8s.io/reason", record.reason);
  for (const auto& [key, value] : record.annotations) line.text(key, value);
  return line.take();
}

}  // namespace

bool keeps_bodies(const RequestInfo& info) {
  if (info.group.empty() && info.resource == "secrets") return false;
  if (info.resource == "tokenreviews") return false;
  return info.resource != "serviceaccounts" || info.subresource != "token";
}

std::string request_object(const http::Request& http, const Request& request) {
  if (request.patch) return json::to_text(request.patch->patch);
  if (request.body.message != nullptr) {
    const Kind& kind = *request.kind;
    const std::string api_version = request.body.api_version.empty() ? kind.api_version() : request.body.api_version;
    const std::string name = request.body.kind.empty() ? std::string(kind.kind) : request.body.kind;
    return json::encode(*request.body.message, {.api_version = api_version, .kind = name});
  }
  auto options = json::parse(http.body);
  return options ? json::to_text(*options) : "";
}

std::string audit_line(const AuditRecord& record) {
  const AuditLevel level = keeps_bodies(record.info) ? record.level : AuditLevel::kMetadata;
  Line line;
  line.text("kind", "Event");
  line.text("apiVersion", "audit.k8s.io/v1");
  line.text("level", kLevels[static_cast<size_t>(level)]);
  line.text("auditID", record.id);
  line.text("stage", "ResponseComplete");
  line.text("requestURI", record.uri);
  line.text("verb", record.info.verb);
  line.raw("user", user_text(record.user));
  if (record.impersonated) line.raw("impersonatedUser", user_text(*record.impersonated));
  line.raw("sourceIPs", list_text({record.remote.substr(0, record.remote.rfind(':'))}));
  line.optional("userAgent", record.user_agent);
  if (record.info.is_resource) line.raw("objectRef", object_text(record.info));
  line.raw("responseStatus", status_text_of(record));
  if (level >= AuditLevel::kRequest && !record.request_object.empty()) line.raw("requestObject", record.request_object);
  if (level >= AuditLevel::kRequestResponse && !record.response_object.empty()) line.raw("responseObject", record.response_object);
  line.text("requestReceivedTimestamp", format_rfc3339_micro(record.received));
  line.text("stageTimestamp", format_rfc3339_micro(record.answered));
  if (record.allowed) line.raw("annotations", annotations_text(record));
  return line.take();
}

}  // namespace stint::rest
