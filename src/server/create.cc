// POST: decode → default → credit → admit → name, uid, time → prepare → validate → persist.
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

constexpr int kGenerateNameTriesMax = 8;

// A generated name that is taken is dropped for another; the object is only prepared once, with a name that is free.
Result<void> choose_name(Core& core, const Kind& kind, std::string_view ns, Message& object) {
  metav1::ObjectMeta& meta = mutable_meta(object);
  if (!meta.name().empty() || meta.generatename().empty()) return {};
  for (int i = 0; i < kGenerateNameTriesMax; ++i) {
    meta.set_name(generate_name(meta.generatename(), core.loop.rng()));
    if (!core.registry.exists(kind, ns, meta.name())) return {};
  }
  Error error = already_exists(kind, meta.name(), false);
  error.message += ", the server was not able to generate a unique name for the object";
  error.retry_after_seconds = 1;
  return fail(std::move(error));
}

void set_defaults(const Kind& kind, Message& object) {
  if (kind.rules->set_defaults != nullptr) kind.rules->set_defaults(object);
}

Result<void> validate(const Kind& kind, const Message& object) {
  FieldErrors errors;
  validate_metadata(kind, object, errors);
  if (kind.rules->validate != nullptr) kind.rules->validate(object, errors);
  if (!errors.empty()) return fail(invalid(stored_kind(kind), meta(object).name(), errors));
  return {};
}

}  // namespace

Result<void> authorize_create(Core& core, const Request& request) {
  const Kind& kind = *request.kind;
  return core.authorizer.check(request.user, {.verb = "create",
                                              .group = kind.group,
                                              .resource = kind.plural,
                                              .subresource = request.subresource,
                                              .ns = request.ns,
                                              .name = request.name});
}

Task<Result<Answer>> create_object(Core& core, Request request) {
  const Kind& kind = *request.kind;
  Answer answer{.code = 201, .kind = &kind};
  CO_TRY_VOID(check_body(request, answer.warnings));
  if (kind.absent) co_return fail(method_not_allowed(kind, verb_name(request.verb)));
  std::unique_ptr<Message> object = std::move(request.body.message);
  const auto version = parse_resource_version(meta(*object).resourceversion());
  const bool has_version = request.verb == Verb::kCreate && version && version->value_or(0) > 0;
  set_defaults(kind, *object);
  drop_duplicate_owners(*object, false, answer.warnings);
  if (!is_apply(request)) track_managers(request, nullptr, *object, core.loop.now());

  co_await wait_for_default_account(core, kind, request.ns, *object);
  CO_TRY_VOID(choose_name(core, kind, request.ns, *object));
  CO_TRY_VOID(admit({.core = core, .request = request, .verb = Verb::kCreate, .object = object.get(), .old = nullptr}));
  fill_system_metadata(kind, *object, request.ns, core.loop.rng(), core.loop.now());
  const auto numbers = co_await lock_service_numbers(core, kind);
  CO_TRY_VOID(assign_service_numbers(core, kind, *object, nullptr));
  if (kind.rules->prepare_create != nullptr) kind.rules->prepare_create(*object);
  CO_TRY_VOID(validate(kind, *object));
  set_defaults(kind, *object);  // as whoever reads it will see it
  if (kind.rules->warn != nullptr) kind.rules->warn(*object, nullptr, answer.warnings);
  CO_TRY_VOID(check_admitted(
      {.core = core, .request = request, .verb = Verb::kCreate, .object = object.get(), .old = nullptr, .warnings = &answer.warnings}));
  if (has_version) co_return fail(Reason::kNone, "resourceVersion should not be set on objects to be created");
  CO_TRY(auto charges, co_await charge_quotas(core, request, *object, nullptr));

  auto created = co_await core.registry.create(kind, std::move(object), request.dry_run);
  if (!created) {
    co_await refund_quotas(core, request.ns, std::move(charges));
    co_return fail(std::move(created).error());
  }
  answer.object = *std::move(created);
  co_return answer;
}

}  // namespace stint
