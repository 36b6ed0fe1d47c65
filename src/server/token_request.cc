// POST serviceaccounts/x/token: a token, bound to an object if asked. Source: upstream's pkg/registry/core/serviceaccount/storage/token.go.
#include "server/admission.h"
#include "server/errors.h"
#include "server/managed_fields.h"
#include "server/pipeline.h"

namespace stint {
namespace {

// What pods are given by default asks for so long: such tokens live on for clients that never read them again.
constexpr int64_t kWarnOnlySeconds = 3607;
constexpr Duration kExtendedLife = std::chrono::hours(24 * 365);

const Kind& token_kind(const Request& request) { return *request.kind->subresource(request.subresource)->type; }

std::unexpected<Error> mismatch(const Request& request, std::string_view field, const std::string& value, std::string_view what) {
  FieldErrors errors;
  errors.invalid("metadata." + std::string(field), quote(value), "must match the service account " + std::string(what) + " if specified");
  return fail(invalid(token_kind(request), request.name, errors));
}

Error uid_conflict(std::string_view group, std::string_view kind, std::string_view name, const std::string& why) {
  const std::string resource = std::string(kind) + (group.empty() ? "" : "." + std::string(group));
  return {.reason = Reason::kConflict,
          .message = "Operation cannot be fulfilled on " + resource + " " + quote(name) + ": " + why,
          .name = std::string(name),
          .group = std::string(group),
          .kind = std::string(kind)};
}

// The object's place and what is to be filled in.
Result<void> complete(const Request& request, const metav1::ObjectMeta& account, authenticationv1::TokenRequest& asked) {
  metav1::ObjectMeta& meta = *asked.mutable_metadata();
  if (!meta.uid().empty() && meta.uid() != account.uid()) {
    return fail(uid_conflict(
        "authentication.k8s.io", "TokenRequest", request.name,
        "the UID in the token request (" + meta.uid() + ") does not match the UID of the service account (" + account.uid() + ")"));
  }
  meta.set_name(account.name());
  meta.set_namespace_(account.namespace_());
  meta.set_uid(account.uid());
  asked.clear_status();
  FieldErrors errors;
  token_kind(request).rules->validate(asked, errors);
  if (!errors.empty()) return fail(invalid(token_kind(request), "", errors));
  return {};
}

TokenReference reference_to(const Message& object) { return {.name = meta(object).name(), .uid = meta(object).uid()}; }

Result<void> bind_to_pod(Core& core, const Request& request, const corev1::Pod& pod, TokenClaims& claims) {
  if (pod.spec().serviceaccountname() != request.name) {
    return fail(Reason::kBadRequest,
                "cannot bind token for serviceaccount " + quote(request.name) + " to pod running with different serviceaccount name.");
  }
  claims.pod = reference_to(pod);
  const std::string& node = pod.spec().nodename();
  if (node.empty()) return {};
  TRY(const auto found, core.registry.find(kind_of<corev1::Node>(), "", node));
  claims.node = found ? reference_to(*found->object) : TokenReference{.name = node, .uid = ""};
  return {};
}

Result<void> bind_token(Core& core, const Request& request, const authenticationv1::BoundObjectReference& reference, TokenClaims& claims) {
  const std::string& kind = reference.kind();
  // The version goes unread, as upstream leaves it.
  const bool core_group = reference.apiversion().find('/') == std::string::npos;
  const Kind* bound = nullptr;
  if (core_group && kind == "Pod") bound = &kind_of<corev1::Pod>();
  if (core_group && kind == "Secret") bound = &kind_of<corev1::Secret>();
  if (core_group && kind == "Node") bound = &kind_of<corev1::Node>();
  if (bound == nullptr) {
    const std::string version = core_group ? "/" + reference.apiversion() : reference.apiversion();
    return fail(Reason::kBadRequest, "cannot bind token to object of type " + version + ", Kind=" + kind);
  }
  TRY(const Stored object, core.registry.get(*bound, request.ns, reference.name()));
  if (kind == "Pod") TRY_VOID(bind_to_pod(core, request, static_cast<const corev1::Pod&>(*object.object), claims));
  if (kind == "Secret") claims.secret = reference_to(*object.object);
  if (kind == "Node") claims.node = reference_to(*object.object);
  if (const std::string& uid = meta(*object.object).uid(); !reference.uid().empty() && reference.uid() != uid) {
    return fail(uid_conflict("", kind, reference.name(),
                             "the UID in the bound object reference (" + reference.uid() +
                                 ") does not match the UID in record. The object might have been deleted and then recreated"));
  }
  return {};
}

void set_life(const std::vector<std::string>& own_audiences, int64_t seconds, TokenClaims& claims) {
  claims.life = span_of_seconds(seconds);
  const bool for_us = std::ranges::all_of(
      claims.audiences, [&](const std::string& one) { return std::ranges::find(own_audiences, one) != own_audiences.end(); });
  if (!claims.pod || seconds != kWarnOnlySeconds || !for_us) return;
  claims.warn_after = claims.life;
  claims.life = kExtendedLife;
}

}  // namespace

Task<Result<Answer>> create_token(Core& core, Request request) {
  Answer answer{.code = 201, .kind = &token_kind(request)};
  if (request.body.message != nullptr) {
    const metav1::ObjectMeta& meta = stint::meta(*request.body.message);
    if (!meta.name().empty() && meta.name() != request.name) co_return mismatch(request, "name", meta.name(), "name");
    if (!meta.namespace_().empty() && meta.namespace_() != request.ns) {
      co_return mismatch(request, "namespace", meta.namespace_(), "namespace");
    }
    mutable_meta(*request.body.message).set_name(request.name);
  }
  CO_TRY_VOID(check_body(request, answer.warnings));
  std::unique_ptr<authenticationv1::TokenRequest> asked(static_cast<authenticationv1::TokenRequest*>(request.body.message.release()));
  token_kind(request).rules->set_defaults(*asked);
  track_managers(request, nullptr, *asked, core.loop.now());
  CO_TRY(const Stored account, core.registry.get(*request.kind, request.ns, request.name));
  const std::vector<std::string> own_audiences = core.account_tokens.own_audiences();
  auto& spec = *asked->mutable_spec();
  if (spec.audiences().empty()) spec.mutable_audiences()->Add(own_audiences.begin(), own_audiences.end());
  CO_TRY_VOID(complete(request, meta(*account.object), *asked));
  TokenClaims claims{
      .ns = request.ns, .account = reference_to(*account.object), .audiences = {spec.audiences().begin(), spec.audiences().end()}};
  CO_TRY_VOID(restrict_node({.core = core, .request = request, .verb = Verb::kCreate, .object = asked.get(), .old = nullptr}));
  if (spec.has_boundobjectref()) CO_TRY_VOID(bind_token(core, request, spec.boundobjectref(), claims));
  set_life(own_audiences, spec.expirationseconds(), claims);
  CO_TRY(ServiceAccountTokens::Issued issued, core.account_tokens.issue(claims));
  const WallTime now = core.loop.now();
  *asked->mutable_metadata()->mutable_creationtimestamp() = to_time(now);
  asked->mutable_status()->set_token(std::move(issued.token));
  *asked->mutable_status()->mutable_expirationtimestamp() = to_time(now + span_of_seconds(spec.expirationseconds()));
  answer.object = Object(std::move(asked));
  co_return answer;
}

}  // namespace stint
