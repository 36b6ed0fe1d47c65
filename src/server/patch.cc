#include "api/patch.h"

#include "api/field_managers.h"
#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

// Upstream's 422 for a patch whose result is no object of the kind: it names no kind and no object.
Error invalid_patch(const json::Value& patch, std::string_view detail) {
  FieldErrors errors;
  errors.invalid("patch", quote(json::to_text(patch)), detail);
  return invalid("", "", errors);
}

Result<json::Value> apply(const PatchBody& patch, const json::Value& document, const Message& current) {
  switch (patch.type) {
    case PatchType::kJson:
      return apply_json_patch(document, patch.patch);
    case PatchType::kMerge:
      return apply_merge_patch(document, patch.patch);
    case PatchType::kStrategic:
      return apply_strategic_patch(document, patch.patch, *current.GetDescriptor());
    case PatchType::kApply:
      break;  // managed_fields.cc
  }
  std::unreachable();
}

// The patch may not turn the object into one of another type.
Result<void> check_type(const Kind& kind, const json::Value& document) {
  if (document.string_at("apiVersion") == kind.api_version() && document.string_at("kind") == kind.kind) return {};
  return fail(Reason::kBadRequest, "the API version in the data (" + std::string(document.string_at("apiVersion")) +
                                       ") does not match the expected API version (" + kind.api_version() + ")");
}

}  // namespace

Result<std::unique_ptr<Message>> patched_object(const Request& request, const Message& current, std::vector<std::string>& warnings) {
  if (!request.patch) return fail(Reason::kBadRequest, "the request has no patch");
  const Kind& kind = *request.kind;
  const std::string api_version = kind.api_version();
  const json::Value document = json::to_value(current, {.api_version = api_version, .kind = kind.kind});
  TRY(const json::Value result, apply(*request.patch, document, current));
  TRY_VOID(check_type(kind, result));
  std::unique_ptr<Message> next = kind.make();
  std::vector<std::string> unknown;
  auto decoded = json::decode(result, *next, &unknown);
  if (!decoded) return fail(invalid_patch(request.patch->patch, decoded.error().message));
  note_cleared_managers(result, *next);
  unknown.insert(unknown.begin(), request.patch->duplicates.begin(), request.patch->duplicates.end());
  if (const std::string fault = strict_fault(request, unknown, warnings); !fault.empty()) {
    return fail(invalid_patch(request.patch->patch, fault));
  }
  TRY_VOID(check_place(request, *next));
  return next;
}

}  // namespace stint
