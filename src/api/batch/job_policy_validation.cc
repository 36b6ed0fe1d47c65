// podFailurePolicy and successPolicy. Source: upstream's pkg/apis/batch/validation.
#include <algorithm>
#include <set>

#include "api/batch/index_format.h"
#include "api/batch/job.h"
#include "api/names.h"

namespace stint::batch {
namespace {

constexpr int kRulesMax = 20;
constexpr int kPatternsMax = 20;
constexpr int kExitCodesMax = 255;
constexpr size_t kSucceededIndexesBytesMax = 64 * 1024;

constexpr std::string_view kActions[] = {"Count", "FailIndex", "FailJob", "Ignore"};
constexpr std::string_view kOperators[] = {"In", "NotIn"};
constexpr std::string_view kStatuses[] = {"False", "True", "Unknown"};

// Required with the choices as its detail, or one of them.
void validate_choice(const std::string& value, std::span<const std::string_view> choices, const FieldPath& path, FieldErrors& errors) {
  if (std::ranges::find(choices, value) != choices.end()) return;
  if (!value.empty()) return errors.not_supported(path, value, choices);
  std::string list;
  for (std::string_view choice : choices) list += (list.empty() ? "" : " ") + quote(choice);
  errors.required(path, "valid values: [" + list + "]");
}

bool has_container(const corev1::PodSpec& pod, const std::string& name) {
  auto is_named = [&](const corev1::Container& container) { return container.name() == name; };
  return std::ranges::any_of(pod.containers(), is_named) || std::ranges::any_of(pod.initcontainers(), is_named);
}

std::string shown_list(const google::protobuf::RepeatedField<int32_t>& values) {
  std::string text;
  for (int32_t value : values) text += (text.empty() ? "[" : ",") + std::to_string(value);
  return text.empty() ? "[]" : text + "]";
}

void validate_exit_codes(const batchv1::JobSpec& spec, const batchv1::PodFailurePolicyOnExitCodesRequirement& codes, const FieldPath& path,
                         FieldErrors& errors) {
  validate_choice(codes.operator_(), kOperators, path / "operator", errors);
  if (codes.has_containername() && !has_container(spec.template_().spec(), codes.containername())) {
    errors.invalid(path / "containerName", quote(codes.containername()),
                   "must be one of the container or initContainer names in the pod template");
  }
  FieldPath values = path / "values";
  if (codes.values().empty()) errors.invalid(values, shown_list(codes.values()), "at least one value is required");
  if (codes.values_size() > kExitCodesMax) errors.too_many(values, codes.values_size(), kExitCodesMax);
  std::set<int32_t> seen;
  for (int i = 0; i < codes.values_size(); ++i) {
    int32_t code = codes.values(i);
    if (codes.operator_() == "In" && code == 0) errors.invalid(values.index(i), "0", "must not be 0 for the In operator");
    if (!seen.insert(code).second) errors.duplicate(values.index(i), shown(code));
  }
  if (!std::ranges::is_sorted(codes.values())) errors.invalid(values, shown_list(codes.values()), "must be ordered");
}

void validate_conditions(const batchv1::PodFailurePolicyRule& rule, const FieldPath& path, FieldErrors& errors) {
  if (rule.onpodconditions_size() > kPatternsMax) errors.too_many(path, rule.onpodconditions_size(), kPatternsMax);
  for (int i = 0; i < rule.onpodconditions_size(); ++i) {
    const batchv1::PodFailurePolicyOnPodConditionsPattern& pattern = rule.onpodconditions(i);
    add_faults(qualified_name_faults(pattern.type()), path.index(i) / "type", quote(pattern.type()), errors);
    validate_choice(pattern.status(), kStatuses, path.index(i) / "status", errors);
  }
}

void validate_failure_rule(const batchv1::JobSpec& spec, const batchv1::PodFailurePolicyRule& rule, const FieldPath& path,
                           FieldErrors& errors) {
  validate_choice(rule.action(), kActions, path / "action", errors);
  if (rule.action() == "FailIndex" && !spec.has_backofflimitperindex()) {
    errors.invalid(path / "action", quote(rule.action()), "requires the backoffLimitPerIndex to be set");
  }
  bool on_conditions = !rule.onpodconditions().empty();
  if (rule.has_onexitcodes()) validate_exit_codes(spec, rule.onexitcodes(), path / "onExitCodes", errors);
  if (on_conditions) validate_conditions(rule, path / "onPodConditions", errors);
  if (rule.has_onexitcodes() && on_conditions) {
    errors.invalid(path, "", "specifying both OnExitCodes and OnPodConditions is not supported");
  }
  if (!rule.has_onexitcodes() && !on_conditions) {
    errors.invalid(path, "", "specifying one of OnExitCodes and OnPodConditions is required");
  }
}

void validate_success_rule(const batchv1::JobSpec& spec, const batchv1::SuccessPolicyRule& rule, const FieldPath& path,
                           FieldErrors& errors) {
  if (!rule.has_succeededindexes() && !rule.has_succeededcount()) {
    errors.required(path, "at least one of succeededCount or succeededIndexes must be specified");
  }
  int64_t index_total = 0;
  if (rule.has_succeededindexes()) {
    FieldPath indexes_path = path / "succeededIndexes";
    if (rule.succeededindexes().size() > kSucceededIndexesBytesMax) errors.too_long(indexes_path, kSucceededIndexesBytesMax);
    auto indexes = parse_indexes(rule.succeededindexes(), spec.completions());
    if (indexes) {
      index_total = index_count(*indexes);
    } else {
      errors.invalid(indexes_path, quote(rule.succeededindexes()), "error parsing succeededIndexes: " + indexes.error());
    }
  }
  if (!rule.has_succeededcount()) return;
  FieldPath count_path = path / "succeededCount";
  const std::string at_most = "must be less than or equal to ";
  std::string count = shown(rule.succeededcount());
  if (rule.succeededcount() < 0) errors.invalid(count_path, count, "must be greater than or equal to 0");
  if (rule.succeededcount() > spec.completions()) {
    errors.invalid(count_path, count, at_most + shown(spec.completions()) + " (the number of specified completions)");
  }
  if (rule.has_succeededindexes() && rule.succeededcount() > index_total) {
    errors.invalid(count_path, count, at_most + shown(index_total) + " (the number of indexes in the specified succeededIndexes field)");
  }
}

}  // namespace

void validate_pod_failure_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const batchv1::PodFailurePolicy& policy = spec.podfailurepolicy();
  FieldPath rules = path / "rules";
  if (policy.rules_size() > kRulesMax) errors.too_many(rules, policy.rules_size(), kRulesMax);
  for (int i = 0; i < policy.rules_size(); ++i) validate_failure_rule(spec, policy.rules(i), rules.index(i), errors);
}

// Without completions the rules have nothing to be held to; the missing completions are an error of their own
// (upstream's handler crashes here).
void validate_success_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const batchv1::SuccessPolicy& policy = spec.successpolicy();
  FieldPath rules = path / "rules";
  if (policy.rules().empty()) errors.required(rules, "at least one rules must be specified when the successPolicy is specified");
  if (policy.rules_size() > kRulesMax) errors.too_many(rules, policy.rules_size(), kRulesMax);
  if (!spec.has_completions()) return;
  for (int i = 0; i < policy.rules_size(); ++i) validate_success_rule(spec, policy.rules(i), rules.index(i), errors);
}

}  // namespace stint::batch
