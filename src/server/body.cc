#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

std::string expected_body_kind(const Request& request) {
  const Subresource* subresource = request.kind->subresource(request.subresource);
  return std::string(subresource != nullptr ? subresource->kind : request.kind->kind);
}

// Empty type members are filled from the URL.
Result<void> check_type(const Request& request) {
  const std::string api_version = request.kind->api_version();
  const DecodedBody& body = request.body;
  if (!body.api_version.empty() && body.api_version != api_version) {
    return fail(Reason::kBadRequest,
                "the API version in the data (" + body.api_version + ") does not match the expected API version (" + api_version + ")");
  }
  const std::string kind = expected_body_kind(request);
  if (!body.kind.empty() && body.kind != kind) {
    return fail(Reason::kBadRequest, body.kind + " in version " + quote(request.kind->version) + " cannot be handled as a " + kind +
                                         ": the kind in the data does not match the kind of the URL");
  }
  return {};
}

Result<void> check_place(const Request& request) {
  const metav1::ObjectMeta& meta = stint::meta(*request.body.message);
  if (!request.name.empty() && meta.name() != request.name) {
    return fail(Reason::kBadRequest,
                "the name of the object (" + meta.name() + ") does not match the name on the URL (" + request.name + ")");
  }
  if (!request.kind->namespaced || meta.namespace_().empty() || meta.namespace_() == request.ns) return {};
  if (request.verb == Verb::kCreate) {
    return fail(Reason::kBadRequest, "the namespace of the provided object does not match the namespace sent on the request");
  }
  return fail(Reason::kBadRequest,
              "the namespace of the object (" + meta.namespace_() + ") does not match the namespace on the request (" + request.ns + ")");
}

}  // namespace

std::string strict_fault(const Request& request, const std::vector<std::string>& faults, std::vector<std::string>& warnings) {
  if (faults.empty() || request.field_validation == FieldValidation::kIgnore) return "";
  if (request.field_validation == FieldValidation::kWarn) {
    warnings.insert(warnings.end(), faults.begin(), faults.end());
    return "";
  }
  std::string joined;
  for (const std::string& fault : faults) joined += (joined.empty() ? "" : ", ") + fault;
  return "strict decoding error: " + joined;
}

Result<void> check_body(const Request& request, std::vector<std::string>& warnings) {
  if (request.body.message == nullptr) return fail(Reason::kBadRequest, "the request has no body");
  TRY_VOID(check_type(request));
  TRY_VOID(check_place(request));
  const std::string fault = strict_fault(request, request.body.strict_errors, warnings);
  if (fault.empty()) return {};
  const std::string kind = expected_body_kind(request);
  return fail(Reason::kBadRequest, kind + " in version " + quote(request.kind->version) + " cannot be handled as a " + kind + ": " + fault);
}

}  // namespace stint
