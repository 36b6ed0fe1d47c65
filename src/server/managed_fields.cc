#include "server/managed_fields.h"

#include "api/field_ownership.h"
#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

FieldSet fields(std::initializer_list<std::vector<const char*>> paths) {
  FieldSet set;
  for (const auto& names : paths) {
    std::vector<PathElement> path;
    for (const char* name : names) path.push_back(PathElement::field(name));
    set.insert(path);
  }
  return set;
}

// A subresource may be written in another group's shape.
const Kind& written_kind(const Request& request) {
  const Subresource* subresource = request.kind->subresource(request.subresource);
  return subresource != nullptr && subresource->type != nullptr ? *subresource->type : *request.kind;
}

FieldWrite write_of(const Request& request, WallTime now) {
  const Kind& kind = written_kind(request);
  return {.kind = kind,
          .writer = {.manager = request.field_manager, .api_version = kind.api_version(), .subresource = request.subresource},
          .reset = reset_fields(*request.kind, request.subresource),
          .now = now};
}

// Upstream reads the patch a second time to find duplicates, once it has been applied.
Result<void> check_duplicates(const Request& request, std::vector<std::string>& warnings) {
  const std::vector<std::string>& duplicates = request.patch->duplicates;
  if (duplicates.empty() || request.field_validation == FieldValidation::kIgnore) return {};
  if (request.field_validation == FieldValidation::kWarn) {
    warnings.insert(warnings.end(), duplicates.begin(), duplicates.end());
    return {};
  }
  std::string text = "error converting YAML to JSON: yaml: unmarshal errors:";
  for (const std::string& duplicate : duplicates) text += "\n  " + duplicate;
  return fail(Reason::kBadRequest, "error strict decoding patch: " + text);
}

// Upstream's Job without labels has its template's by default; ours takes them later, with those that are generated among them.
void credit_new_job(const FieldWrite& write, batchv1::Job& job) {
  auto& labels = *job.mutable_metadata()->mutable_labels();
  const bool takes_labels = labels.empty();
  if (takes_labels) labels = job.spec().template_().metadata().labels();
  credit_update(write, nullptr, job);
  if (takes_labels) labels.clear();
}

// A uid in the configuration means an object that is there.
Result<void> check_uid(const Request& request, const Message& live, const Message& next) {
  if (!meta(live).uid().empty() || meta(next).uid().empty()) return {};
  return fail(conflict(*request.kind, request.name,
                       "uid mismatch: the provided object specified uid " + meta(next).uid() + ", and no existing object was found"));
}

}  // namespace

bool is_apply(const Request& request) { return request.patch && request.patch->type == PatchType::kApply; }

const FieldSet& reset_fields(const Kind& kind, std::string_view subresource) {
  static const FieldSet& kNone = *new FieldSet();
  static const FieldSet& kStatus = *new FieldSet(fields({{"status"}}));
  static const FieldSet& kSpec = *new FieldSet(fields({{"spec"}}));
  static const FieldSet& kOfPodStatus =
      *new FieldSet(fields({{"spec"}, {"metadata", "deletionTimestamp"}, {"metadata", "ownerReferences"}}));
  if (subresource == "resize") return kStatus;
  if (subresource.empty() || subresource == "finalize") return kind.subresource("status") != nullptr ? kStatus : kNone;
  if (subresource != "status") return kNone;
  return kind.descriptor() == corev1::Pod::descriptor() ? kOfPodStatus : kSpec;
}

void track_managers(const Request& request, const Message* old, Message& next, WallTime now) {
  const FieldWrite write = write_of(request, now);
  if (old == nullptr && next.GetDescriptor() == batchv1::Job::descriptor()) return credit_new_job(write, static_cast<batchv1::Job&>(next));
  credit_update(write, old, next);
}

void track_own_status(const Kind& kind, const Message& old, Message& next, WallTime now) {
  const FieldWriter writer{.manager = "kube-apiserver", .api_version = kind.api_version(), .subresource = "status"};
  credit_update({.kind = kind, .writer = writer, .reset = reset_fields(kind, "status"), .now = now}, &old, next);
}

Result<std::unique_ptr<Message>> applied_object(const Request& request, const Message& live, std::vector<std::string>& warnings,
                                                WallTime now) {
  const FieldWrite write = write_of(request, now);
  TRY(std::unique_ptr<Message> next, apply_configuration(write, live, request.patch->patch, request.force));
  TRY_VOID(check_duplicates(request, warnings));
  TRY_VOID(check_uid(request, live, *next));
  TRY_VOID(check_place(request, *next));
  return next;
}

}  // namespace stint
