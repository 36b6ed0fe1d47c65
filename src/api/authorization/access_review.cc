// Source: upstream's pkg/apis/authorization/validation.
#include "api/authorization/rules.h"
#include "api/json.h"
#include "api/names.h"

namespace stint::authorization {
namespace {

constexpr std::string_view kExactlyOne = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
constexpr std::string_view kNeedsValues = "must be specified when `operator` is 'In' or 'NotIn'";
constexpr std::string_view kNeedsNoValues = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";

// An operator that nobody knows is let through: a newer client may.
template <class Requirement>
void validate_values(const Requirement& requirement, const FieldPath& field, FieldErrors& errors) {
  const std::string& op = requirement.operator_();
  if ((op == "In" || op == "NotIn") && requirement.values().empty()) errors.required(field / "values", kNeedsValues);
  if ((op == "Exists" || op == "DoesNotExist") && !requirement.values().empty()) errors.forbidden(field / "values", kNeedsNoValues);
}

// Either as text or taken apart; what one part of it must be, `validate_one` knows.
template <class Selector, class ValidateOne>
void validate_selector(const Selector& selector, const FieldPath& field, FieldErrors& errors, ValidateOne validate_one) {
  const bool has_text = !selector.rawselector().empty(), has_parts = !selector.requirements().empty();
  if (has_text && has_parts) {
    errors.invalid(field / "rawSelector", quote(selector.rawselector()), "may not specified at the same time as requirements");
  }
  if (!has_text && !has_parts) {
    errors.required(field / "requirements", "when " + field.text() + " is specified, requirements or rawSelector is required");
  }
  for (int i = 0; i < selector.requirements_size(); ++i) {
    const FieldPath at = (field / "requirements").index(static_cast<size_t>(i));
    validate_values(selector.requirements(i), at, errors);
    validate_one(selector.requirements(i), at);
  }
}

void validate_resource(const authorizationv1::ResourceAttributes& attributes, FieldErrors& errors) {
  const FieldPath field("spec.resourceAttributes");
  if (attributes.has_fieldselector()) {
    validate_selector(attributes.fieldselector(), field / "fieldSelector", errors, [&](const auto& requirement, const FieldPath& at) {
      if (requirement.key().empty()) errors.required(at / "key", "must be specified");
    });
  }
  if (attributes.has_labelselector()) {
    validate_selector(attributes.labelselector(), field / "labelSelector", errors, [&](const auto& requirement, const FieldPath& at) {
      add_faults(qualified_name_faults(requirement.key()), at / "key", quote(requirement.key()), errors);
      for (int i = 0; i < requirement.values_size(); ++i) {
        const std::string& value = requirement.values(i);
        add_faults(label_value_faults(value), (at / "values").index(static_cast<size_t>(i)), quote(value), errors);
      }
    });
  }
}

// Upstream shows the value as its own code names the members.
std::string shown_path(const authorizationv1::NonResourceAttributes& attributes) {
  return json::to_text(json::Members{{"Path", attributes.path()}, {"Verb", attributes.verb()}});
}

template <class Spec>
void validate_attributes(const Spec& spec, FieldErrors& errors) {
  if (spec.has_resourceattributes() == spec.has_nonresourceattributes()) {
    errors.invalid("spec", spec.has_nonresourceattributes() ? shown_path(spec.nonresourceattributes()) : "null", kExactlyOne);
  }
  if (spec.has_resourceattributes()) validate_resource(spec.resourceattributes(), errors);
}

void validate_metadata_is_empty(metav1::ObjectMeta meta, std::string_view detail, FieldErrors& errors) {
  const std::string shown = json::encode(meta);
  meta.clear_managedfields();
  if (json::encode(meta) != "{}") errors.invalid("metadata", shown, detail);
}

void validate_subject(const authorizationv1::SubjectAccessReviewSpec& spec, FieldErrors& errors) {
  validate_attributes(spec, errors);
  if (spec.user().empty() && spec.groups().empty())
    errors.invalid("spec.user", quote(""), "at least one of user or group must be specified");
}

void validate_self(const Message& object, FieldErrors& errors) {
  const auto& review = static_cast<const authorizationv1::SelfSubjectAccessReview&>(object);
  validate_attributes(review.spec(), errors);
  validate_metadata_is_empty(review.metadata(), "must be empty", errors);
}

void validate_anybody(const Message& object, FieldErrors& errors) {
  const auto& review = static_cast<const authorizationv1::SubjectAccessReview&>(object);
  validate_subject(review.spec(), errors);
  validate_metadata_is_empty(review.metadata(), "must be empty", errors);
}

void validate_local(const Message& object, FieldErrors& errors) {
  const auto& review = static_cast<const authorizationv1::LocalSubjectAccessReview&>(object);
  const auto& spec = review.spec();
  validate_subject(spec, errors);
  metav1::ObjectMeta meta = review.metadata();
  meta.clear_namespace_();
  validate_metadata_is_empty(std::move(meta), "must be empty except for namespace", errors);
  if (spec.has_resourceattributes() && spec.resourceattributes().namespace_() != review.metadata().namespace_()) {
    errors.invalid("spec.resourceAttributes.namespace", quote(spec.resourceattributes().namespace_()), "must match metadata.namespace");
  }
  if (spec.has_nonresourceattributes()) {
    errors.invalid("spec.nonResourceAttributes", shown_path(spec.nonresourceattributes()), "disallowed on this kind of request");
  }
}

}  // namespace

const Rules kSelfSubjectAccessReviewRules = {.validate = validate_self};
const Rules kSubjectAccessReviewRules = {.validate = validate_anybody};
const Rules kLocalSubjectAccessReviewRules = {.validate = validate_local};
const Rules kSelfSubjectRulesReviewRules = {};

}  // namespace stint::authorization
