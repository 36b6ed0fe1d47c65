// Kinds that are asked and answered, and not stored: each a function from the question to the answer. A line in kRows makes a kind's
// `create` one of them. Source: upstream's pkg/registry/authentication and pkg/registry/authorization.
#include "server/reviews.h"

#include "api/selector.h"
#include "server/errors.h"
#include "server/managed_fields.h"

namespace stint {
namespace {

template <class Strings>
std::vector<std::string> texts_of(const Strings& strings) {
  return {strings.begin(), strings.end()};
}

Answer answer_of(const Request& request, std::unique_ptr<Message> object, std::vector<std::string> warnings) {
  return {.code = 201, .kind = request.kind, .object = Object(std::move(object)), .warnings = std::move(warnings)};
}

// The question, once it is found to be a good one.
template <class Review>
Result<std::unique_ptr<Review>> question(Core& core, Request& request, std::vector<std::string>& warnings) {
  TRY_VOID(check_body(request, warnings));
  const Rules& rules = *request.kind->rules;
  if (rules.set_defaults != nullptr) rules.set_defaults(*request.body.message);
  track_managers(request, nullptr, *request.body.message, core.loop.now());
  FieldErrors errors;
  if (rules.validate != nullptr) rules.validate(*request.body.message, errors);
  // Upstream loses the kind's name on the way.
  if (!errors.empty()) return fail(invalid("." + std::string(request.kind->group), "", errors));
  return std::unique_ptr<Review>(static_cast<Review*>(request.body.message.release()));
}

void fill_user(const User& user, authenticationv1::UserInfo& info) {
  info.set_username(user.name);
  info.set_uid(user.uid);
  info.mutable_groups()->Add(user.groups.begin(), user.groups.end());
  for (const auto& [key, values] : user.extra) (*info.mutable_extra())[key].mutable_items()->Add(values.begin(), values.end());
}

Attributes attributes_of(const authorizationv1::ResourceAttributes& asked) {
  return {.verb = asked.verb(),
          .group = asked.group(),
          .resource = asked.resource(),
          .subresource = asked.subresource(),
          .ns = asked.namespace_(),
          .name = asked.name()};
}

// Rules do not look at selectors; one that cannot be read is told all the same.
std::string selector_errors(const authorizationv1::ResourceAttributes& asked) {
  std::string out;
  const auto ignored = [&out](std::string_view which) {
    out += (out.empty() ? "" : "; ") + ("spec.resourceAttributes." + std::string(which)) + " ignored due to parse error";
  };
  const auto known = [](const std::string& op) { return op == "In" || op == "NotIn" || op == "Exists" || op == "DoesNotExist"; };
  const auto all_known = [&](const auto& requirements) {
    return std::ranges::all_of(requirements, [&](const auto& one) { return known(one.operator_()); });
  };
  const auto& fields = asked.fieldselector();
  const bool many = std::ranges::any_of(fields.requirements(), [](const auto& one) { return one.values_size() != 1; });
  if (many || !all_known(fields.requirements())) ignored("fieldSelector");
  const auto& labels = asked.labelselector();
  if (!LabelSelector::parse(labels.rawselector()) || !all_known(labels.requirements())) ignored("labelSelector");
  return out;
}

template <class Spec>
void decide(Core& core, const User& user, const Spec& spec, authorizationv1::SubjectAccessReviewStatus& status) {
  Attributes attributes{.is_resource = false, .verb = spec.nonresourceattributes().verb(), .path = spec.nonresourceattributes().path()};
  if (spec.has_resourceattributes()) attributes = attributes_of(spec.resourceattributes());
  const Authorizer::Decision decision = core.authorizer.decide(user, attributes);
  status.Clear();
  status.set_allowed(decision.allowed);
  status.set_reason(decision.reason);
  if (spec.has_resourceattributes()) status.set_evaluationerror(selector_errors(spec.resourceattributes()));
}

User user_of(const authorizationv1::SubjectAccessReviewSpec& spec) {
  User user{.name = spec.user(), .groups = texts_of(spec.groups()), .uid = spec.uid()};
  for (const auto& [key, values] : spec.extra()) user.extra[key] = texts_of(values.items());
  return user;
}

Task<Result<Answer>> review_self_access(Core& core, Request request) {
  std::vector<std::string> warnings;
  CO_TRY(auto review, question<authorizationv1::SelfSubjectAccessReview>(core, request, warnings));
  decide(core, request.user, review->spec(), *review->mutable_status());
  co_return answer_of(request, std::move(review), std::move(warnings));
}

Task<Result<Answer>> review_access(Core& core, Request request) {
  std::vector<std::string> warnings;
  CO_TRY(auto review, question<authorizationv1::SubjectAccessReview>(core, request, warnings));
  decide(core, user_of(review->spec()), review->spec(), *review->mutable_status());
  co_return answer_of(request, std::move(review), std::move(warnings));
}

Task<Result<Answer>> review_local_access(Core& core, Request request) {
  std::vector<std::string> warnings;
  // What it says nothing of is the URL's.
  if (request.body.message != nullptr && meta(*request.body.message).namespace_().empty()) {
    mutable_meta(*request.body.message).set_namespace_(request.ns);
  }
  CO_TRY(auto review, question<authorizationv1::LocalSubjectAccessReview>(core, request, warnings));
  decide(core, user_of(review->spec()), review->spec(), *review->mutable_status());
  co_return answer_of(request, std::move(review), std::move(warnings));
}

void fill_rule(const rbac::Rule& rule, authorizationv1::SubjectRulesReviewStatus& status) {
  const auto copy = [](const std::vector<std::string>& from, auto* to) { to->Add(from.begin(), from.end()); };
  if (!rule.resources.empty()) {
    authorizationv1::ResourceRule& out = *status.add_resourcerules();
    copy(rule.verbs, out.mutable_verbs());
    copy(rule.groups, out.mutable_apigroups());
    copy(rule.resources, out.mutable_resources());
    copy(rule.names, out.mutable_resourcenames());
  }
  if (!rule.urls.empty()) {
    authorizationv1::NonResourceRule& out = *status.add_nonresourcerules();
    copy(rule.verbs, out.mutable_verbs());
    copy(rule.urls, out.mutable_nonresourceurls());
  }
}

Task<Result<Answer>> review_self_rules(Core& core, Request request) {
  std::vector<std::string> warnings;
  CO_TRY(const auto asked, question<authorizationv1::SelfSubjectRulesReview>(core, request, warnings));
  const std::string& ns = asked->spec().namespace_();
  if (ns.empty()) co_return fail(Reason::kBadRequest, "no namespace on request");
  auto review = std::make_unique<authorizationv1::SelfSubjectRulesReview>();
  review->mutable_metadata();
  review->mutable_spec();
  auto& status = *review->mutable_status();
  const Authorizer::Held held = core.authorizer.rules_of(request.user, ns);
  for (const rbac::Rule& rule : held.rules) fill_rule(rule, status);
  status.set_incomplete(false);
  if (!held.errors.empty()) status.set_evaluationerror(joined_errors(held.errors));
  co_return answer_of(request, std::move(review), std::move(warnings));
}

Task<Result<Answer>> review_self(Core& core, Request request) {
  std::vector<std::string> warnings;
  CO_TRY_VOID(question<authenticationv1::SelfSubjectReview>(core, request, warnings));
  auto review = std::make_unique<authenticationv1::SelfSubjectReview>();
  *review->mutable_metadata()->mutable_creationtimestamp() = to_time(core.loop.now());
  fill_user(request.user, *review->mutable_status()->mutable_userinfo());
  co_return answer_of(request, std::move(review), std::move(warnings));
}

Task<Result<Answer>> review_token(Core& core, Request request) {
  std::vector<std::string> warnings;
  CO_TRY(auto review, question<authenticationv1::TokenReview>(core, request, warnings));
  if (review->spec().token().empty()) co_return fail(Reason::kBadRequest, "token is required for TokenReview in authentication");
  auto known = core.authenticator.by_token(review->spec().token(), texts_of(review->spec().audiences()));
  auto& status = *review->mutable_status();
  status.Clear();
  if (known) {
    status.set_authenticated(true);
    fill_user(known->user, *status.mutable_user());
    status.mutable_audiences()->Add(known->audiences.begin(), known->audiences.end());
  } else {
    status.mutable_user();
    status.set_error(known.error().message);
  }
  co_return answer_of(request, std::move(review), std::move(warnings));
}

struct CreateRow {
  const google::protobuf::Descriptor* (*kind)();
  std::string_view subresource;
  CreateHandler create;
};
constexpr CreateRow kRows[] = {
    {corev1::Binding::descriptor, "", bind_named_pod},
    {corev1::Pod::descriptor, "binding", bind_pod},
    {corev1::Pod::descriptor, "eviction", evict_pod},
    {corev1::ServiceAccount::descriptor, "token", create_token},
    {authenticationv1::SelfSubjectReview::descriptor, "", review_self},
    {authenticationv1::TokenReview::descriptor, "", review_token},
    {authorizationv1::LocalSubjectAccessReview::descriptor, "", review_local_access},
    {authorizationv1::SelfSubjectAccessReview::descriptor, "", review_self_access},
    {authorizationv1::SelfSubjectRulesReview::descriptor, "", review_self_rules},
    {authorizationv1::SubjectAccessReview::descriptor, "", review_access},
};

}  // namespace

CreateHandler create_handler(const Kind& kind, std::string_view subresource) {
  if (subresource.empty() && kind.is_stored()) return create_object;
  for (const CreateRow& row : kRows) {
    if (row.kind() == kind.descriptor() && row.subresource == subresource) return row.create;
  }
  return nullptr;
}

}  // namespace stint
