// What a CronJob may ask for. Source: upstream's pkg/apis/batch/validation and its cronjob strategy.
#include <algorithm>

#include "api/batch/cron_schedule.h"
#include "api/batch/cronjob.h"
#include "api/batch/job.h"
#include "api/equality.h"
#include "api/json.h"
#include "api/names.h"

namespace stint::batch {
namespace {

// A Job's name is the CronJob's, '-' and up to ten digits, and at most 63 characters.
constexpr size_t kNameBytesMax = 52;
constexpr size_t kTimeZonePartBytesMax = 14;
constexpr std::string_view kPolicies[] = {"Allow", "Forbid", "Replace"};

// A zone inside the schedule is refused; those of old objects may stay as long as timeZone is not used as well.
void validate_schedule(const batchv1::CronJobSpec& spec, bool zone_allowed, FieldErrors& errors) {
  FieldPath path("spec.schedule");
  const std::string& schedule = spec.schedule();
  if (schedule.empty()) return;  // told at the end
  Result<CronSchedule> parsed = CronSchedule::parse(schedule);
  if (!parsed) errors.invalid(path, quote(schedule), parsed.error().message);
  if (schedule.find("TZ") == schedule.npos) return;
  if (!zone_allowed) {
    errors.invalid(path, quote(schedule), "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  } else if (spec.has_timezone()) {
    errors.invalid(path, quote(schedule), "cannot use both timeZone field and TZ or CRON_TZ in schedule");
  }
}

bool is_time_zone_part(std::string_view part) {
  if (part.empty() || part.size() > kTimeZonePartBytesMax || part == "." || part == ".." || part.starts_with('-')) return false;
  return std::ranges::all_of(
      part, [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || std::string_view("._+-").contains(static_cast<char>(c))); });
}

bool is_time_zone_path(std::string_view name) {
  for (size_t slash; (slash = name.find('/')) != name.npos; name.remove_prefix(slash + 1)) {
    if (!is_time_zone_part(name.substr(0, slash))) return false;
  }
  return is_time_zone_part(name);
}

void validate_time_zone(const batchv1::CronJobSpec& spec, FieldErrors& errors) {
  if (!spec.has_timezone()) return;
  FieldPath path("spec.timeZone");
  const std::string& name = spec.timezone();
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.empty()) return errors.invalid(path, quote(name), "timeZone must be nil or non-empty string");
  if (is_time_zone_path(name) && lower == "local") {
    errors.invalid(path, quote(name), "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
    if (name == "Local") return;  // Go has it
  }
  if (!is_time_zone_path(name) || !time_zone_exists(name)) errors.invalid(path, quote(name), "unknown time zone " + name);
}

void validate_job_template(const batchv1::JobTemplateSpec& job_template, FieldErrors& errors) {
  FieldPath path("spec.jobTemplate.spec");
  const batchv1::JobSpec& spec = job_template.spec();
  validate_job_template_spec(spec, path, errors);
  if (spec.has_selector()) errors.invalid(path / "selector", json::encode(spec.selector()), "`selector` will be auto-generated");
  if (spec.manualselector()) {
    errors.add({"FieldValueNotSupported", "Unsupported value: true: supported values: \"nil\", \"false\"", path / "manualSelector"});
  }
}

void validate_non_negative(int64_t value, const char* field, FieldErrors& errors) {
  if (value < 0) errors.invalid(FieldPath("spec") / field, shown(value), "must be greater than or equal to 0");
}

void validate_spec(const batchv1::CronJobSpec& spec, const batchv1::CronJobSpec* old, FieldErrors& errors) {
  validate_schedule(spec, old != nullptr && old->schedule().find("TZ") != std::string::npos, errors);
  validate_non_negative(spec.startingdeadlineseconds(), "startingDeadlineSeconds", errors);
  bool zone_changed = old == nullptr || old->has_timezone() != spec.has_timezone() || old->timezone() != spec.timezone();
  if (zone_changed) validate_time_zone(spec, errors);
  if (spec.concurrencypolicy().empty()) {
    errors.required("spec.concurrencyPolicy");
  } else if (std::ranges::find(kPolicies, spec.concurrencypolicy()) == std::end(kPolicies)) {
    errors.not_supported("spec.concurrencyPolicy", spec.concurrencypolicy(), kPolicies);
  }
  validate_job_template(spec.jobtemplate(), errors);
  validate_non_negative(spec.successfuljobshistorylimit(), "successfulJobsHistoryLimit", errors);
  validate_non_negative(spec.failedjobshistorylimit(), "failedJobsHistoryLimit", errors);
  if (spec.schedule().empty()) errors.required("spec.schedule");
}

}  // namespace

void validate_cron_job(const Message& object, FieldErrors& errors) {
  const batchv1::CronJob& cron_job = as_cron_job(object);
  validate_spec(cron_job.spec(), nullptr, errors);
  if (cron_job.metadata().name().size() > kNameBytesMax) {
    errors.invalid("metadata.name", quote(cron_job.metadata().name()), "must be no more than 52 characters");
  }
}

// Names longer than what is allowed now may still be updated.
void validate_cron_job_update(const Message& next, const Message& old, FieldErrors& errors) {
  validate_spec(as_cron_job(next).spec(), &as_cron_job(old).spec(), errors);
}

void warn_cron_job(const Message& next_object, const Message* old, std::vector<std::string>& warnings) {
  const batchv1::CronJob& next = as_cron_job(next_object);
  const Faults faults = dns_label_faults(next.metadata().name());
  if (old == nullptr && !faults.empty()) {
    warnings.push_back(
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: " +
        listed(faults));
  }
  const std::string& schedule = next.spec().schedule();
  if (old != nullptr && schedule.find("TZ") != schedule.npos) {
    warnings.push_back("cannot use TZ or CRON_TZ in spec.schedule, use spec.timeZone instead");
  }
  if (old != nullptr && semantically_equal(next.spec(), as_cron_job(*old).spec())) return;
  warn_job_spec(next.spec().jobtemplate().spec(), FieldPath("spec.jobTemplate.spec"), warnings);
}

}  // namespace stint::batch
