#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

std::string expected_body_kind(const Request& request) {
  const Subresource* subresource = request.kind->subresource(request.subresource);
  return std::string(subresource != nullptr ? subresource->kind : request.kind->kind);
}

// The kind that gives the body its version: a subresource may take another group's.
const Kind& body_kind(const Request& request) {
  const Subresource* subresource = request.kind->subresource(request.subresource);
  return subresource != nullptr && subresource->type != nullptr ? *subresource->type : *request.kind;
}

// Empty type members are filled from the URL.
Result<void> check_type(const Request& request) {
  const Kind& kind = body_kind(request);
  const std::string expected = expected_body_kind(request);
  const std::string api_version = request.body.api_version.empty() ? kind.api_version() : request.body.api_version;
  const std::string name = request.body.kind.empty() ? expected : request.body.kind;
  if (api_version == kind.api_version() && name == expected) return {};
  std::string why = "no kind " + quote(name) + " is registered for version " + quote(api_version);
  if (const Kind* other = find_kind_by_name(api_version, name)) {
    if (name == expected) {
      return fail(Reason::kBadRequest,
                  "the API version in the data (" + api_version + ") does not match the expected API version (" + kind.api_version() + ")");
    }
    why = "a " + other->qualified_kind() + " does not convert to a " + kind.qualified_kind();
  }
  return fail(Reason::kBadRequest, name + " in version " + quote(api_version.substr(api_version.find('/') + 1)) +
                                       " cannot be handled as a " + expected + ": " + why);
}

}  // namespace

Result<void> check_place(const Request& request, const Message& object) {
  const metav1::ObjectMeta& meta = stint::meta(object);
  if (request.kind->namespaced && !meta.namespace_().empty() && meta.namespace_() != request.ns) {
    return fail(Reason::kBadRequest, "the namespace of the provided object does not match the namespace sent on the request");
  }
  if (request.name.empty() || meta.name() == request.name) return {};
  if (request.verb != Verb::kCreate && meta.name().empty()) {
    return fail(Reason::kBadRequest,
                "the name of the object (" + request.name + " based on URL) was undeterminable: name must be provided");
  }
  return fail(Reason::kBadRequest,
              "the name of the object (" + meta.name() + ") does not match the name on the URL (" + request.name + ")");
}

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
  TRY_VOID(check_place(request, *request.body.message));
  const std::string fault = strict_fault(request, request.body.strict_errors, warnings);
  if (fault.empty()) return {};
  const std::string kind = expected_body_kind(request);
  return fail(Reason::kBadRequest,
              kind + " in version " + quote(body_kind(request).version) + " cannot be handled as a " + kind + ": " + fault);
}

}  // namespace stint
