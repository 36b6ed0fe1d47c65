// What a Job may ask for. Source: upstream's pkg/apis/batch/validation.
#include <algorithm>

#include "api/batch/job.h"
#include "api/core/pod_spec.h"
#include "api/internal_form.h"
#include "api/json.h"
#include "api/names.h"
#include "api/selector.h"

namespace stint::batch {
namespace {

constexpr int32_t kIndexedParallelismMax = 100'000;
constexpr int32_t kIndexedFailedIndexesMax = 100'000;
// Past so many completions, back-off limits per index have tighter bounds.
constexpr int32_t kManyCompletions = 100'000;
constexpr int32_t kManyCompletionsParallelismMax = 10'000;
constexpr int32_t kManyCompletionsFailedIndexesMax = 10'000;
constexpr size_t kManagedByBytesMax = 63;

constexpr std::string_view kNonNegative = "must be greater than or equal to 0";
constexpr std::string_view kRequiresIndexed = "requires indexed completion mode";
constexpr std::string_view kCompletionModes[] = {"NonIndexed", "Indexed"};
constexpr std::string_view kReplacementPolicies[] = {"Failed", "TerminatingOrFailed"};
constexpr std::string_view kReplacementPolicyWithFailurePolicy[] = {"Failed"};
constexpr std::string_view kRestartPolicies[] = {"OnFailure", "Never"};

void validate_numbers(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  auto check = [&](bool is_set, int64_t value, std::string_view name) {
    if (is_set && value < 0) errors.invalid(path / name, shown(value), kNonNegative);
  };
  check(spec.has_parallelism(), spec.parallelism(), "parallelism");
  check(spec.has_completions(), spec.completions(), "completions");
  check(spec.has_activedeadlineseconds(), spec.activedeadlineseconds(), "activeDeadlineSeconds");
  check(spec.has_backofflimit(), spec.backofflimit(), "backoffLimit");
  check(spec.has_ttlsecondsafterfinished(), spec.ttlsecondsafterfinished(), "ttlSecondsAfterFinished");
  check(spec.has_backofflimitperindex(), spec.backofflimitperindex(), "backoffLimitPerIndex");
  check(spec.has_maxfailedindexes(), spec.maxfailedindexes(), "maxFailedIndexes");
  if (spec.has_maxfailedindexes() && !spec.has_backofflimitperindex()) {
    errors.required(path / "backoffLimitPerIndex", "when maxFailedIndexes is specified");
  }
}

// A path under a domain: "example.com/controller".
void validate_managed_by(const std::string& value, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view kPathPunctuation = "/-._~%!$&'()*+,;=:";
  size_t slash = value.find('/');
  if (value.empty()) {
    errors.required(path);
  } else if (slash == value.npos || slash == 0 || slash == value.size() - 1) {
    errors.invalid(path, quote(value), "must be a domain-prefixed path (such as \"acme.io/foo\")");
  } else {
    add_faults(dns_subdomain_faults(std::string_view(value).substr(0, slash)), path, quote(value.substr(0, slash)), errors);
    std::string_view rest = std::string_view(value).substr(slash + 1);
    bool fits = std::ranges::all_of(
        rest, [&](unsigned char c) { return (c < 0x80 && std::isalnum(c)) || kPathPunctuation.contains(static_cast<char>(c)); });
    if (!fits) errors.invalid(path, quote(rest), regex_fault("Invalid path", "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"));
  }
  if (value.size() > kManagedByBytesMax) errors.too_long(path, kManagedByBytesMax);
}

void validate_many_completions(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.completions() <= kManyCompletions || !spec.has_backofflimitperindex()) return;
  const std::string why = "when completions are above " + shown(kManyCompletions) + " and used with backoff limit per index";
  if (!spec.has_maxfailedindexes()) {
    errors.required(path / "maxFailedIndexes", "must be specified when completions is above " + shown(kManyCompletions));
  }
  if (spec.parallelism() > kManyCompletionsParallelismMax) {
    errors.invalid(path / "parallelism", shown(spec.parallelism()),
                   "must be less than or equal to " + shown(kManyCompletionsParallelismMax) + " " + why);
  }
  if (spec.maxfailedindexes() > kManyCompletionsFailedIndexesMax) {
    errors.invalid(path / "maxFailedIndexes", shown(spec.maxfailedindexes()),
                   "must be less than or equal to " + shown(kManyCompletionsFailedIndexesMax) + " " + why);
  }
}

void validate_indexed(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.has_completions()) errors.required(path / "completions", "when completion mode is Indexed");
  if (spec.parallelism() > kIndexedParallelismMax) {
    errors.invalid(path / "parallelism", shown(spec.parallelism()),
                   "must be less than or equal to " + shown(kIndexedParallelismMax) + " when completion mode is Indexed");
  }
  if (spec.has_completions() && spec.maxfailedindexes() > spec.completions()) {
    errors.invalid(path / "maxFailedIndexes", shown(spec.maxfailedindexes()), "must be less than or equal to completions");
  }
  if (spec.maxfailedindexes() > kIndexedFailedIndexesMax) {
    errors.invalid(path / "maxFailedIndexes", shown(spec.maxfailedindexes()),
                   "must be less than or equal to " + shown(kIndexedFailedIndexesMax));
  }
  validate_many_completions(spec, path, errors);
  if (spec.has_successpolicy()) validate_success_policy(spec, path / "successPolicy", errors);
}

void validate_non_indexed(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.has_backofflimitperindex()) errors.invalid(path / "backoffLimitPerIndex", shown(spec.backofflimitperindex()), kRequiresIndexed);
  if (spec.has_maxfailedindexes()) errors.invalid(path / "maxFailedIndexes", shown(spec.maxfailedindexes()), kRequiresIndexed);
}

void validate_replacement_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!spec.has_podreplacementpolicy() || spec.podreplacementpolicy() == "Failed") return;
  if (spec.has_podfailurepolicy()) {
    errors.not_supported(path, spec.podreplacementpolicy(), kReplacementPolicyWithFailurePolicy);
  } else if (spec.podreplacementpolicy() != "TerminatingOrFailed") {
    errors.not_supported(path, spec.podreplacementpolicy(), kReplacementPolicies);
  }
}

// `Always` is what the pod defaults make of an absent policy, so both read as absent.
void validate_restart_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const std::string& policy = spec.template_().spec().restartpolicy();
  if (policy.empty() || policy == "Always") {
    errors.required(path, "valid values: \"OnFailure\", \"Never\"");
  } else if (policy != "OnFailure" && policy != "Never") {
    errors.not_supported(path, policy, kRestartPolicies);
  } else if (spec.has_podfailurepolicy() && policy != "Never") {
    errors.invalid(path, quote(policy), "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

std::string shown_labels(const metav1::ObjectMeta& metadata) {
  const json::Value document = json::to_value(metadata);
  const json::Value* labels = document.find("labels");
  return labels == nullptr ? "null" : json::to_text(*labels);
}

void validate_expected_label(const metav1::ObjectMeta& metadata, const char* key, const std::string& expected, FieldErrors& errors) {
  FieldPath path = FieldPath("spec.template.metadata.labels").key(key);
  const StringMap& labels = metadata.labels();
  auto it = labels.find(key);
  if (it == labels.end()) {
    errors.required(path, "must be '" + expected + "'");
  } else if (it->second != expected) {
    errors.invalid(path, shown_labels(metadata), "must be '" + expected + "'");
  }
}

// The four labels and a selector on them alone keep the pods of two Jobs apart.
void validate_generated_selector(const batchv1::Job& job, FieldErrors& errors) {
  if (job.spec().manualselector() || !job.spec().has_selector()) return;
  StringMap expected;
  for (const char* key : {kLegacyControllerUidLabel, kControllerUidLabel}) expected[key] = job.metadata().uid();
  for (const char* key : {kLegacyJobNameLabel, kJobNameLabel}) expected[key] = job.metadata().name();
  for (const char* key : {kLegacyControllerUidLabel, kLegacyJobNameLabel, kControllerUidLabel, kJobNameLabel}) {
    validate_expected_label(job.spec().template_().metadata(), key, expected[key], errors);
  }
  Result<LabelSelector> selector = LabelSelector::from(job.spec().selector());
  if (selector && !selector->matches(expected)) {
    errors.invalid("spec.selector", json::encode(job.spec().selector()), "`selector` not auto-generated");
  }
}

}  // namespace

void validate_job_template_spec(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  validate_numbers(spec, path, errors);
  if (spec.has_managedby()) validate_managed_by(spec.managedby(), path / "managedBy", errors);
  if (spec.has_completionmode() && std::ranges::find(kCompletionModes, spec.completionmode()) == std::end(kCompletionModes)) {
    errors.not_supported(path / "completionMode", spec.completionmode(), kCompletionModes);
  }
  if (is_indexed(spec)) validate_indexed(spec, path, errors);
  if (!spec.has_completionmode() || spec.completionmode() == "NonIndexed") validate_non_indexed(spec, path, errors);
  if (!is_indexed(spec) && spec.has_successpolicy()) {
    errors.invalid(path / "successPolicy", internal_text(spec.successpolicy()), kRequiresIndexed);
  }
  if (spec.has_podfailurepolicy()) validate_pod_failure_policy(spec, path / "podFailurePolicy", errors);
  validate_replacement_policy(spec, path / "podReplacementPolicy", errors);
  core::validate_pod_template(spec.template_(), path / "template", errors);
  validate_restart_policy(spec, path / "template" / "spec" / "restartPolicy", errors);
}

void validate_job_spec(const batchv1::JobSpec& spec, FieldErrors& errors) {
  FieldPath path("spec");
  validate_job_template_spec(spec, path, errors);
  FieldErrors own;
  if (spec.has_selector()) {
    validate_label_selector(spec.selector(), path / "selector", own);
  } else {
    own.required(path / "selector");
  }
  // One that is wrong is held against nothing, one that is missing selects nothing.
  const bool held = !spec.has_selector() || own.empty();
  errors.append(own);
  if (!held) return;
  const Result<LabelSelector> selector = LabelSelector::from(spec.selector());
  const metav1::ObjectMeta& pod = spec.template_().metadata();
  if (spec.has_selector() && (!selector || selector->matches(pod.labels()))) return;
  errors.invalid("spec.template.metadata.labels", shown_labels(pod), "`selector` does not match template `labels`");
}

// The hostname of the last index is the longest.
void validate_name_allows_completions(const batchv1::Job& job, FieldErrors& errors) {
  if (!is_indexed(job.spec()) || job.spec().completions() <= 0) return;
  std::string hostname = job.metadata().name() + "-" + std::to_string(job.spec().completions() - 1);
  if (dns_label_faults(hostname).empty()) return;
  errors.invalid("metadata.name", quote(job.metadata().name()), "will not able to create pod with invalid DNS label: " + hostname);
}

void validate_job(const Message& object, FieldErrors& errors) {
  const batchv1::Job& job = as_job(object);
  validate_generated_selector(job, errors);
  validate_job_spec(job.spec(), errors);
  validate_name_allows_completions(job, errors);
}

void warn_job_spec(const batchv1::JobSpec& spec, const FieldPath& path, std::vector<std::string>& warnings) {
  if (is_indexed(spec) && spec.completions() > kManyCompletions && spec.parallelism() > kManyCompletionsParallelismMax) {
    warnings.push_back(path.text() +
                       ": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes "
                       "might not be able to track completedIndexes when a big number of indexes fail");
  }
  core::warn_pod_spec(spec.template_().spec(), path / "template" / "spec", warnings);
}

}  // namespace stint::batch
