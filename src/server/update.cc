// PUT and PATCH of an object or its status: read → produce → default → credit → admit → prepare → validate → persist, again from the
// start when somebody else wrote in between.
#include "api/core/pod_ephemeral.h"
#include "api/field_ownership.h"
#include "api/go_number.h"
#include "api/metadata_rules.h"
#include "server/admission.h"
#include "server/errors.h"
#include "server/managed_fields.h"
#include "server/metadata.h"
#include "server/pipeline.h"
#include "server/quota.h"
#include "server/service_numbers.h"

namespace stint {

namespace {

// What one endpoint of a kind restores and checks.
struct Endpoint {
  void (*prepare)(Message& next, const Message& old) = nullptr;
  void (*validate)(const Message& next, const Message& old, FieldErrors& errors) = nullptr;
  bool spec_may_change = false;
};

void keep_namespace_status(Message& next, const Message& old) {
  *static_cast<corev1::Namespace&>(next).mutable_status() = static_cast<const corev1::Namespace&>(old).status();
}

Endpoint endpoint_of(const Request& request) {
  const Rules& rules = *request.kind->rules;
  if (request.subresource == "status") return {.prepare = rules.prepare_status_update, .validate = rules.validate_status};
  // Pods: the only way to add a container to one that runs.
  if (request.subresource == "ephemeralcontainers")
    return {.prepare = core::prepare_ephemeral_update, .validate = core::validate_ephemeral_update, .spec_may_change = true};
  // Namespaces: the only way to change spec.finalizers.
  if (request.subresource == "finalize") return {.prepare = keep_namespace_status};
  return {.prepare = rules.prepare_update, .validate = rules.validate_update, .spec_may_change = true};
}

// Its deletion was only waiting for the finalizers that this write takes away.
bool completes_deletion(const Message& next, const Message& old) {
  const metav1::ObjectMeta& was = meta(old);
  if (!was.has_deletiontimestamp() || was.deletiongraceperiodseconds() != 0 || !meta(next).finalizers().empty()) return false;
  if (next.GetDescriptor() != corev1::Namespace::descriptor()) return true;
  return static_cast<const corev1::Namespace&>(next).spec().finalizers().empty();
}

// Upstream makes no Status of what is no number, so that its handlers answer with a 500.
Result<void> check_revision(const std::string& version) {
  if (const auto number = parse_go_integer<uint64_t>(version); !number) return fail(Reason::kNone, number.error().message);
  return {};
}

// The optimistic lock: what the body says of the state that it was made from.
Result<void> check_lock(const Request& request, const Message& next, const Stored& current) {
  const Kind& kind = *request.kind;
  const metav1::ObjectMeta& meta = stint::meta(next);
  const metav1::ObjectMeta& was = stint::meta(*current.object);
  const std::string& version = meta.resourceversion();
  if (version.empty() || version == "0") {
    if (kind.unconditional_update || request.verb == Verb::kPatch) return {};
    FieldErrors errors;
    errors.invalid("metadata.resourceVersion", "0", "must be specified for an update");
    return fail(invalid(kind.qualified_plural(), request.name, errors));
  }
  if (version == was.resourceversion()) return {};
  TRY_VOID(check_revision(version));
  return fail(modified_conflict(kind, request.name));
}

// A PUT with another uid means another object of the same name; in a patch it is a change of an immutable field.
Result<void> check_uid(const Request& request, const Message& next, const Stored& current) {
  const std::string& uid = meta(next).uid();
  const std::string& is = meta(*current.object).uid();
  if (request.verb != Verb::kUpdate || uid.empty() || uid == is) return {};
  return fail(conflict(*request.kind, request.name,
                       "StorageError: invalid object, Code: 4, Key: " + current.key +
                           ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: " + uid +
                           ", UID in object meta: " + is));
}

// A conflict that the writer cannot know of is tried again; one that it asked for is its answer.
bool may_retry(const Request& request) {
  if (request.verb == Verb::kPatch) return true;
  const std::string& version = meta(*request.body.message).resourceversion();
  return version.empty() || version == "0";
}

// The body stays for another try, if there may be one.
Result<std::unique_ptr<Message>> requested_object(Request& request, const Stored& current, std::vector<std::string>& warnings,
                                                  WallTime now) {
  if (is_apply(request)) return applied_object(request, *current.object, warnings, now);
  if (request.verb == Verb::kPatch) return patched_object(request, *current.object, warnings);
  if (!may_retry(request)) return std::move(request.body.message);
  std::unique_ptr<Message> next(request.body.message->New());
  next->CopyFrom(*request.body.message);
  return next;
}

Result<void> validate(const Request& request, const Endpoint& endpoint, const Message& next, const Message& old) {
  FieldErrors errors;
  validate_metadata_update(next, old, errors);
  if (endpoint.validate != nullptr) endpoint.validate(next, old, errors);
  if (!errors.empty()) return fail(invalid(stored_kind(*request.kind), meta(old).name(), errors));
  return {};
}

// The object to store, from the current one: everything between reading and writing.
Result<std::unique_ptr<Message>> next_object(Core& core, Request& request, const Stored& current, std::vector<std::string>& warnings) {
  const Kind& kind = *request.kind;
  const Message& old = *current.object;
  TRY(std::unique_ptr<Message> next, requested_object(request, current, warnings, core.loop.now()));
  TRY_VOID(check_uid(request, *next, current));
  TRY_VOID(check_lock(request, *next, current));
  if (kind.rules->set_defaults != nullptr) kind.rules->set_defaults(*next);
  drop_duplicate_owners(*next, request.verb == Verb::kPatch, warnings);
  if (!is_apply(request)) track_managers(request, &old, *next, core.loop.now());
  TRY_VOID(admit({.core = core, .request = request, .verb = Verb::kUpdate, .object = next.get(), .old = &old}));

  const Endpoint endpoint = endpoint_of(request);
  keep_system_metadata(*next, old);
  if (endpoint.spec_may_change) TRY_VOID(assign_service_numbers(core, kind, *next, &old));
  if (endpoint.prepare != nullptr) endpoint.prepare(*next, old);
  if (endpoint.spec_may_change) advance_generation(kind, *next, old);
  keep_times_of_same(old, *next);
  TRY_VOID(validate(request, endpoint, *next, old));
  if (kind.rules->warn != nullptr && request.subresource.empty()) kind.rules->warn(*next, &old, warnings);
  TRY_VOID(
      check_admitted({.core = core, .request = request, .verb = Verb::kUpdate, .object = next.get(), .old = &old, .warnings = &warnings}));
  return next;
}

// The answer is what the client wrote, of the revision that it was before.
Task<Result<Object>> complete_deletion(Core& core, const Kind& kind, Stored current, std::unique_ptr<Message> next, bool dry_run) {
  mutable_meta(*next).set_resourceversion(meta(*current.object).resourceversion());
  CO_TRY_VOID(co_await core.registry.remove(kind, std::move(current), dry_run));
  co_return Object(std::move(next));
}

Task<Result<Object>> write(Core& core, const Kind& kind, Stored current, std::unique_ptr<Message> next, bool dry_run) {
  if (completes_deletion(*next, *current.object)) return complete_deletion(core, kind, std::move(current), std::move(next), dry_run);
  return core.registry.replace(kind, std::move(current), std::move(next), dry_run);
}

// Apply makes what is not there, of every kind.
Task<Result<Answer>> create_by_apply(Core& core, Request request) {
  CO_TRY_VOID(authorize_create(core, request));
  const std::unique_ptr<Message> nothing = request.kind->make();
  std::vector<std::string> warnings;
  CO_TRY(request.body.message, applied_object(request, *nothing, warnings, core.loop.now()));
  mutable_meta(*request.body.message).clear_resourceversion();
  CO_TRY(Answer answer, co_await create_object(core, std::move(request)));
  answer.warnings.insert(answer.warnings.begin(), warnings.begin(), warnings.end());
  co_return answer;
}

Task<Result<Answer>> create_by_put(Core& core, Request request) {
  CO_TRY_VOID(authorize_create(core, request));
  mutable_meta(*request.body.message).clear_resourceversion();
  co_return co_await create_object(core, std::move(request));
}

Task<Result<Answer>> absent(const Kind& kind, std::string name) { co_return fail(not_found(kind, name)); }

// What a write to an object comes to that is not there.
Task<Result<Answer>> create_instead(Core& core, Request request) {
  if (request.subresource.empty() && is_apply(request)) return create_by_apply(core, std::move(request));
  if (request.subresource.empty() && request.verb == Verb::kUpdate && request.kind->create_on_update) {
    return create_by_put(core, std::move(request));
  }
  return absent(*request.kind, std::move(request.name));
}

}  // namespace

Task<Result<Answer>> update_object(Core& core, Request request) {
  const Kind& kind = *request.kind;
  std::vector<std::string> body_warnings;
  if (request.verb == Verb::kUpdate) CO_TRY_VOID(check_body(request, body_warnings));
  const bool retries = may_retry(request);
  const auto hold = co_await core.registry.lock(kind, request.ns, request.name);
  auto pause = kConflictPause;
  for (int attempt = 0;; ++attempt) {
    CO_TRY(auto current, core.registry.find(kind, request.ns, request.name));
    if (!current) co_return co_await create_instead(core, std::move(request));
    Answer answer{.kind = &kind, .warnings = body_warnings};
    const auto numbers = co_await lock_service_numbers(core, kind);
    CO_TRY(auto next, next_object(core, request, *current, answer.warnings));
    CO_TRY(auto charges, co_await charge_quotas(core, request, *next, current->object.get()));
    auto written = co_await write(core, kind, *std::move(current), std::move(next), request.dry_run);
    if (written) {
      answer.object = *std::move(written);
      co_return answer;
    }
    co_await refund_quotas(core, request.ns, std::move(charges));
    if (written.error().reason != Reason::kConflict || !retries || attempt == kConflictRetriesMax)
      co_return fail(std::move(written).error());
    co_await sleep_for(core.loop, pause);
    pause *= 2;
  }
}

}  // namespace stint
