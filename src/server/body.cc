#include "api/foreign_type.h"
#include "api/go_quote.h"
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
  if (name == expected && find_kind_by_name(api_version, name) != nullptr) {
    return fail(Reason::kBadRequest,
                "the API version in the data (" + api_version + ") does not match the expected API version (" + kind.api_version() + ")");
  }
  const TypeName said{.api_version = api_version, .kind = name};
  const std::string wanted = kind.api_version();
  return fail(Reason::kBadRequest, name + " in version " + go_quoted(said.version()) + " cannot be handled as a " + expected + ": " +
                                       foreign_type_fault(said, {.api_version = wanted, .kind = expected}, nullptr));
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

// Upstream tells of all keys that a YAML document has twice in one error of many lines.
std::string strict_fault(const Request& request, const std::vector<std::string>& faults, std::vector<std::string>& warnings) {
  if (faults.empty() || request.field_validation == FieldValidation::kIgnore) return "";
  if (request.field_validation == FieldValidation::kWarn) {
    warnings.insert(warnings.end(), faults.begin(), faults.end());
    return "";
  }
  std::string of_yaml, others;
  for (const std::string& fault : faults) {
    if (fault.starts_with("line ")) {
      of_yaml += "\n  " + fault;
    } else {
      others += (others.empty() ? "" : ", ") + fault;
    }
  }
  if (!of_yaml.empty()) of_yaml = "yaml: unmarshal errors:" + of_yaml + (others.empty() ? "" : ", ");
  return "strict decoding error: " + of_yaml + others;
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
