#include "api/patch.h"

#include <algorithm>

#include "api/field_managers.h"
#include "api/foreign_type.h"
#include "api/go_quote.h"
#include "api/merge_list.h"
#include "api/unstructured.h"
#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

// Upstream's 422 for a patch whose result is no object of the kind: it names no kind and no object, and shows the result, or of a
// strategic patch the patch.
Error invalid_patch(const PatchBody& patch, const json::Value& result, std::string_view detail) {
  const std::string shown = patch.type == PatchType::kStrategic ? go_shown(patch.patch) : json::to_text(result);
  FieldErrors errors;
  errors.invalid("patch", go_quoted(shown), detail);
  return invalid("", "", errors);
}

Result<json::Value> apply_merge(const Request& request, const json::Value& document) {
  const json::Value& patch = request.patch->patch;
  if (patch.is_object()) return apply_merge_patch(document, patch);
  if (patch.is_null() || request.field_validation == FieldValidation::kIgnore) return fail(Reason::kBadRequest, "Invalid JSON Patch");
  return fail(Reason::kBadRequest, "error decoding patch: json: cannot unmarshal " + std::string(go_name(patch)) +
                                       " into Go value of type map[string]interface {}");
}

Result<json::Value> apply(const Request& request, const json::Value& document, const Message& current) {
  const PatchBody& patch = *request.patch;
  switch (patch.type) {
    case PatchType::kJson:
      return apply_json_patch(document, patch.patch);
    case PatchType::kMerge:
      return apply_merge(request, document);
    case PatchType::kStrategic:
      return apply_strategic_patch(document, patch.patch, *current.GetDescriptor());
    case PatchType::kApply:
      break;  // managed_fields.cc
  }
  std::unreachable();
}

// Why the result is no object of the kind; "" when it is one. A strategic patch leads to an object of the kind whatever it says.
std::string type_fault(const Request& request, const json::Value& result) {
  if (request.patch->type == PatchType::kStrategic) return "";
  if (std::string fault = type_line_fault(result); !fault.empty()) return fault;
  const std::string api_version = request.kind->api_version();
  const TypeName wanted{.api_version = api_version, .kind = request.kind->kind};
  TypeName said{.api_version = result.string_at("apiVersion"), .kind = result.string_at("kind")};
  if (said.api_version.empty()) said.api_version = wanted.api_version;
  if (said.kind.empty()) said.kind = wanted.kind;
  if (said == wanted || (said.kind == wanted.kind && find_kind_by_name(said.api_version, said.kind) != nullptr)) return "";
  return foreign_type_fault(said, wanted, &result);
}

Result<std::unique_ptr<Message>> decode(const Request& request, const json::Value& result, std::vector<std::string>& unknown) {
  const PatchBody& patch = *request.patch;
  if (const std::string fault = type_fault(request, result); !fault.empty()) return fail(invalid_patch(patch, result, fault));
  std::unique_ptr<Message> next = request.kind->make();
  if (const auto decoded = json::decode(result, *next, &unknown); !decoded) {
    const bool is_strategic = patch.type == PatchType::kStrategic;
    const std::string fault = is_strategic ? conversion_fault(result, *next->GetDescriptor()) : "";
    return fail(invalid_patch(patch, result, fault.empty() ? decoded.error().message : fault));
  }
  if (patch.type == PatchType::kStrategic) std::ranges::sort(unknown);  // as upstream's converter
  note_cleared_managers(result, *next);
  return next;
}

// What strict decoding finds in the patch itself.
std::vector<std::string> patch_faults(const PatchBody& patch) {
  if (patch.type != PatchType::kJson) return patch.duplicates;
  std::vector<std::string> faults;
  for (const std::string& duplicate : patch.duplicates) faults.push_back("json patch " + duplicate);
  for (size_t i = 0; i < patch.patch.as_array().size(); ++i) {
    for (const auto& [key, value] : patch.patch.as_array()[i].as_object()) {
      if (key == "op" || key == "path" || key == "from" || key == "value" || faults.size() >= json::kStrictErrorsMax) continue;
      faults.push_back("json patch unknown field " + go_quoted("[" + std::to_string(i) + "]." + key));
    }
  }
  return faults;
}

// The finalizers that a strategic patch takes away, if that is all it does: the Job controller's one patch for each pod. Then the object
// need not go through JSON and back.
const json::Array* only_dropped_finalizers(const PatchBody& patch) {
  if (patch.type != PatchType::kStrategic || !patch.duplicates.empty() || !patch.patch.is_object()) return nullptr;
  const auto only_member = [](const json::Value& value, std::string_view key) -> const json::Value* {
    return value.is_object() && value.as_object().size() == 1 ? value.find(key) : nullptr;
  };
  const json::Value* metadata = only_member(patch.patch, "metadata");
  const json::Value* dropped = metadata == nullptr ? nullptr : only_member(*metadata, "$deleteFromPrimitiveList/finalizers");
  if (dropped == nullptr || !dropped->is_array() || !std::ranges::all_of(dropped->as_array(), &json::Value::is_string)) return nullptr;
  return &dropped->as_array();
}

std::unique_ptr<Message> without_finalizers(const Message& current, const json::Array& dropped) {
  std::unique_ptr<Message> next(current.New());
  next->CopyFrom(current);
  for (const json::Value& finalizer : dropped) remove_finalizer(*next, finalizer.as_string());
  return next;
}

}  // namespace

Result<std::unique_ptr<Message>> patched_object(const Request& request, const Message& current, std::vector<std::string>& warnings) {
  if (!request.patch) return fail(Reason::kBadRequest, "the request has no patch");
  if (const json::Array* dropped = only_dropped_finalizers(*request.patch)) return without_finalizers(current, *dropped);
  const Kind& kind = *request.kind;
  const std::string api_version = kind.api_version();
  const json::Value document = json::to_value(current, {.api_version = api_version, .kind = kind.kind});
  TRY(const json::Value result, apply(request, document, current));
  std::vector<std::string> unknown;
  TRY(std::unique_ptr<Message> next, decode(request, result, unknown));
  std::vector<std::string> faults = patch_faults(*request.patch);
  faults.insert(faults.end(), unknown.begin(), unknown.end());
  if (const std::string fault = strict_fault(request, faults, warnings); !fault.empty()) {
    return fail(invalid_patch(*request.patch, result, fault));
  }
  TRY_VOID(check_place(request, *next));
  return next;
}

}  // namespace stint
