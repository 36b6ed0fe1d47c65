#include "server/auth/authorizer.h"

#include "base/log.h"
#include "server/errors.h"

namespace stint {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

std::vector<std::string> texts_of(const Texts& texts) { return {texts.begin(), texts.end()}; }

struct Place {
  std::string_view ns, name;
};
Place place_of(const Kind& kind, std::string_view key) {
  key.remove_prefix(Registry::prefix(kind, "").size());
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return {.ns = {}, .name = key};
  return {.ns = key.substr(0, slash), .name = key.substr(slash + 1)};
}

template <class Binding>
rbac::Binding binding_from(const Binding& object, Place place) {
  rbac::Binding binding{
      .ns = std::string(place.ns), .name = std::string(place.name), .role_kind = object.roleref().kind(), .role = object.roleref().name()};
  for (const rbacv1::Subject& subject : object.subjects()) {
    binding.subjects.push_back({.kind = subject.kind(), .name = subject.name(), .ns = subject.namespace_()});
  }
  return binding;
}

}  // namespace

rbac::RuleList rules_from(const google::protobuf::RepeatedPtrField<rbacv1::PolicyRule>& rules) {
  rbac::RuleList out;
  for (const rbacv1::PolicyRule& rule : rules) {
    out.push_back({.verbs = texts_of(rule.verbs()),
                   .groups = texts_of(rule.apigroups()),
                   .resources = texts_of(rule.resources()),
                   .names = texts_of(rule.resourcenames()),
                   .urls = texts_of(rule.nonresourceurls())});
  }
  return out;
}

void add_rule(const rbac::Rule& rule, rbacv1::PolicyRule& out) {
  out.mutable_verbs()->Add(rule.verbs.begin(), rule.verbs.end());
  out.mutable_apigroups()->Add(rule.groups.begin(), rule.groups.end());
  out.mutable_resources()->Add(rule.resources.begin(), rule.resources.end());
  out.mutable_resourcenames()->Add(rule.names.begin(), rule.names.end());
  out.mutable_nonresourceurls()->Add(rule.urls.begin(), rule.urls.end());
}

std::string joined_errors(const std::vector<std::string>& errors) {
  std::string joined;
  for (const std::string& error : errors) joined += (joined.empty() ? "" : ", ") + error;
  return errors.size() > 1 ? "[" + joined + "]" : joined;
}

Authorizer::Authorizer(Registry& registry) : store_(registry.store()), nodes_(registry) {
  const std::array<const Kind*, 4> kinds = {&kind_of<rbacv1::ClusterRole>(), &kind_of<rbacv1::Role>(),
                                            &kind_of<rbacv1::ClusterRoleBinding>(), &kind_of<rbacv1::RoleBinding>()};
  for (size_t i = 0; i < kinds.size(); ++i) feeds_[i].kind = kinds[i];
}

void Authorizer::refresh() {
  for (Feed& feed : feeds_) refresh(feed);
}

void Authorizer::refresh(Feed& feed) {
  if (feed.watch == nullptr) return load(feed);
  while (const auto change = feed.watch->poll()) take(*feed.kind, change->key, change->value.get());
  // Nothing more is there, yet the store has gone on: this reader was cut off.
  if (feed.watch->progress() < store_.revision()) load(feed);
}

// What a cut-off reader missed may be deletions too, so what is known of the kind is forgotten first.
void Authorizer::load(Feed& feed) {
  const std::string prefix = Registry::prefix(*feed.kind, "");
  auto range = store_.range({.prefix = prefix});
  if (!range) return;
  auto watch = store_.watch(prefix, range->revision);
  if (!watch) return;
  index_.clear(feed.kind->kind.ends_with("Binding"), feed.kind->namespaced);
  for (const Entry& entry : range->entries) take(*feed.kind, entry.key, entry.value.get());
  feed.watch = *std::move(watch);
}

void Authorizer::take(const Kind& kind, std::string_view key, const std::string* value) {
  const Place place = place_of(kind, key);
  const bool binding = kind.kind.ends_with("Binding");
  std::unique_ptr<Message> object;
  if (value != nullptr) {
    auto decoded = decode_stored(kind, *value);
    if (decoded) {
      object = *std::move(decoded);
    } else {
      log_error("stored role cannot be read", "key", key, "error", decoded.error().message);
    }
  }
  if (object == nullptr) {
    if (binding) return index_.remove_binding(place.ns, place.name);
    return index_.remove_role(place.ns, place.name);
  }
  if (const auto* role = dynamic_cast<const rbacv1::ClusterRole*>(object.get())) {
    index_.put_role("", place.name, rules_from(role->rules()));
  } else if (const auto* local = dynamic_cast<const rbacv1::Role*>(object.get())) {
    index_.put_role(place.ns, place.name, rules_from(local->rules()));
  } else if (const auto* everywhere = dynamic_cast<const rbacv1::ClusterRoleBinding*>(object.get())) {
    index_.put_binding(binding_from(*everywhere, place));
  } else if (const auto* here = dynamic_cast<const rbacv1::RoleBinding*>(object.get())) {
    index_.put_binding(binding_from(*here, place));
  }
}

Authorizer::Decision Authorizer::decide(const User& user, const Attributes& attributes) {
  if (is_privileged(user)) return {.allowed = true};
  std::string refusal;
  if (auto opinion = nodes_.decide(user, attributes)) {
    if (opinion->allowed) return {.allowed = true};
    refusal = std::move(opinion->reason);
  }
  refresh();
  std::vector<std::string> errors;
  const auto grant = index_.find(user, attributes, &errors);
  if (grant.binding != nullptr) return {.allowed = true, .reason = rbac::describe_grant(grant)};
  if (!errors.empty()) refusal += (refusal.empty() ? "" : "\n") + ("rbac: RBAC: " + joined_errors(errors));
  return {.allowed = false, .reason = std::move(refusal)};
}

bool Authorizer::allows(const User& user, const Attributes& attributes) {
  if (is_privileged(user)) return true;
  if (const auto opinion = nodes_.decide(user, attributes); opinion && opinion->allowed) return true;
  refresh();
  return index_.find(user, attributes, nullptr).binding != nullptr;
}

Result<void> Authorizer::check(const User& user, const Attributes& attributes) {
  if (allows(user, attributes)) return {};
  return fail(forbidden_error(attributes, user, decide(user, attributes).reason));
}

Authorizer::Held Authorizer::rules_of(const User& user, std::string_view ns) {
  refresh();
  Held held;
  held.rules = index_.rules_of(user, ns, &held.errors);
  return held;
}

Result<rbac::RuleList> Authorizer::rules_of_role(const rbacv1::RoleRef& role, std::string_view ns) {
  refresh();
  if (const rbac::RuleList* rules = index_.find_role(role.kind(), ns, role.name())) return *rules;
  return fail(not_found(role.kind() == "Role" ? kind_of<rbacv1::Role>() : kind_of<rbacv1::ClusterRole>(), role.name()));
}

}  // namespace stint
