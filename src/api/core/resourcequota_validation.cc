#include "api/core/resourcequota_validation.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/core/resource_names.h"
#include "api/json.h"

namespace stint::core {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr std::string_view kScopes[] = {"Terminating",           "NotTerminating",           "BestEffort", "NotBestEffort", "PriorityClass",
                                        "VolumeAttributesClass", "CrossNamespacePodAffinity"};
constexpr std::string_view kComputeResources[] = {"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"};
constexpr std::pair<std::string_view, std::string_view> kConflicts[] = {{"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}};

template <class List>
bool has(const List& list, std::string_view text) {
  return std::ranges::find(list, text) != std::end(list);
}

std::string shown_list(const Texts& texts) { return texts.empty() ? "null" : json::to_text(json::Array(texts.begin(), texts.end())); }

// As upstream's own name for the fields: the error shows its internal form.
std::string shown_selector(const corev1::ScopeSelector& selector) {
  json::Array parts;
  for (const corev1::ScopedResourceSelectorRequirement& one : selector.matchexpressions()) {
    json::Value values = one.values().empty() ? json::Value() : json::Value(json::Array(one.values().begin(), one.values().end()));
    parts.push_back(json::Members{{"ScopeName", one.scopename()}, {"Operator", one.operator_()}, {"Values", std::move(values)}});
  }
  return json::to_text(json::Members{{"MatchExpressions", std::move(parts)}});
}

bool may_scope(std::string_view scope, std::string_view resource) {
  if (scope == "BestEffort") return resource == "pods";
  if (scope == "VolumeAttributesClass") return resource == "persistentvolumeclaims" || resource == "requests.storage";
  if (has(kScopes, scope)) return resource == "pods" || has(kComputeResources, resource);
  return true;
}

// The hard limits that the scope cannot be applied to.
size_t unscoped(std::string_view scope, const ResourceList& hard) {
  return static_cast<size_t>(std::ranges::count_if(
      hard, [&](const auto& entry) { return is_standard_quota_resource(entry.first) && !may_scope(scope, entry.first); }));
}

template <class Scopes>
bool in_conflict(const Scopes& scopes) {
  return std::ranges::any_of(kConflicts, [&](const auto& pair) { return has(scopes, pair.first) && has(scopes, pair.second); });
}

void validate_scopes(const corev1::ResourceQuotaSpec& spec, FieldErrors& errors) {
  const FieldPath path("spec.scopes");
  const std::string shown = shown_list(spec.scopes());
  for (const std::string& scope : spec.scopes()) {
    if (!has(kScopes, scope)) errors.invalid(path, shown, "unsupported scope");
    for (size_t i = unscoped(scope, spec.hard()); i > 0; --i) errors.invalid(path, shown, "unsupported scope applied to resource");
  }
  if (in_conflict(spec.scopes())) errors.invalid(path, shown, "conflicting scopes");
}

void validate_operator(const corev1::ScopedResourceSelectorRequirement& one, const FieldPath& path, FieldErrors& errors) {
  const std::string& op = one.operator_();
  const bool wants_exists =
      has(kScopes, one.scopename()) && one.scopename() != "PriorityClass" && one.scopename() != "VolumeAttributesClass";
  if (wants_exists && op != "Exists") {
    errors.invalid(path / "operator", quote(op),
                   "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                   "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
  }
  if (op == "In" || op == "NotIn") {
    if (one.values().empty()) {
      errors.required(path / "values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
    }
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!one.values().empty()) {
      errors.invalid(path / "values", shown_list(one.values()),
                     "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
    }
  } else {
    errors.invalid(path / "operator", quote(op), "not a valid selector operator");
  }
}

void validate_scope_selector(const corev1::ResourceQuotaSpec& spec, FieldErrors& errors) {
  const FieldPath path("spec.scopeSelector.matchExpressions");
  std::set<std::string> scopes;
  for (const corev1::ScopedResourceSelectorRequirement& one : spec.scopeselector().matchexpressions()) {
    if (!has(kScopes, one.scopename())) errors.invalid(path / "scopeName", quote(one.scopename()), "unsupported scope");
    for (size_t i = unscoped(one.scopename(), spec.hard()); i > 0; --i) {
      errors.invalid(path, shown_selector(spec.scopeselector()), "unsupported scope applied to resource");
    }
    validate_operator(one, path, errors);
    scopes.insert(one.scopename());
  }
  if (in_conflict(scopes)) errors.invalid(path, shown_list(spec.scopes()), "conflicting scopes");
}

void validate_amounts(const ResourceList& list, const FieldPath& path, FieldErrors& errors) {
  const std::map<std::string, resource::Quantity> sorted(list.begin(), list.end());
  for (const auto& [name, quantity] : sorted) {
    validate_quota_resource_name(name, path.key(name), errors);
    validate_quantity(name, quantity, path.key(name), errors);
  }
}

}  // namespace

void validate_quota(const Message& object, FieldErrors& errors) {
  const corev1::ResourceQuotaSpec& spec = static_cast<const corev1::ResourceQuota&>(object).spec();
  validate_amounts(spec.hard(), FieldPath("spec.hard"), errors);
  validate_scopes(spec, errors);
  if (spec.has_scopeselector()) validate_scope_selector(spec, errors);
}

void validate_quota_update(const Message& next, const Message& old, FieldErrors& errors) {
  validate_quota(next, errors);
  const Texts& scopes = static_cast<const corev1::ResourceQuota&>(next).spec().scopes();
  const Texts& were = static_cast<const corev1::ResourceQuota&>(old).spec().scopes();
  if (std::set<std::string>(scopes.begin(), scopes.end()) != std::set<std::string>(were.begin(), were.end())) {
    errors.invalid("spec.scopes", shown_list(scopes), "field is immutable");
  }
}

void validate_quota_status(const Message& next, const Message&, FieldErrors& errors) {
  const corev1::ResourceQuotaStatus& status = static_cast<const corev1::ResourceQuota&>(next).status();
  validate_amounts(status.hard(), FieldPath("status.hard"), errors);
  validate_amounts(status.used(), FieldPath("status.used"), errors);
}

}  // namespace stint::core
