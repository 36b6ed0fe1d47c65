#include "app/cron.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <iterator>
#include <ostream>

#include "api/batch/cron_times.h"
#include "api/codec.h"
#include "api/kind.h"
#include "api/metadata_rules.h"
#include "app/simulate/manifests.h"
#include "control/cronjob/forecast.h"
#include "os/file.h"

namespace stint {
namespace {

using cronjob::Finding;
using cronjob::Forecast;
using json::Members;
using json::Value;

constexpr size_t kFileBytesMax = 64 << 20;

WallTime start_of(const cli::CronCommand& command) {
  return command.from.value_or(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
}

// "Mon 2026-11-30T03:00:00+01:00"; of a time that does not come there is no distance from UTC.
std::string local_text(const CronTime& time, const TimeZone& clock) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const std::chrono::weekday day(std::chrono::floor<std::chrono::days>(time.wall));
  const bool comes = time.fate != CronTime::Fate::kSkipped;
  return std::string(kDays[day.c_encoding()]) + " " + (comes ? format_rfc3339(time.time, clock) : format_wall_time(time.wall));
}

Value json_of(const CronTime& time, const TimeZone& clock) {
  const bool comes = time.fate != CronTime::Fate::kSkipped;
  Members members{{"local", comes ? format_rfc3339(time.time, clock) : format_wall_time(time.wall)},
                  {"utc", comes ? Value(format_rfc3339(time.time)) : Value(nullptr)}};
  if (const std::string note = note_of(time); !note.empty()) members["note"] = note;
  return members;
}

Result<int> show_next(const cli::CronCommand& command, std::ostream& out) {
  TRY(const CronSchedule schedule, CronSchedule::parse(command.schedule));
  const auto zone = TimeZone::find(command.time_zone);
  if (!zone) return fail(Reason::kInvalid, "unknown time zone " + command.time_zone);
  if (start_of(command) >= kTimeMax) return fail(Reason::kInvalid, "--from: no times are known after " + format_rfc3339(kTimeMax));
  const TimeZone& clock = schedule.clock(*zone);
  const auto times = coming_times(schedule, *zone, start_of(command), kTimeMax, static_cast<size_t>(command.count));
  if (command.as_json) {
    json::Array all;
    for (const CronTime& time : times) all.push_back(json_of(time, clock));
    out << json::to_text(Members{{"schedule", command.schedule}, {"timeZone", command.time_zone}, {"times", std::move(all)}}, 2) << "\n";
  } else if (!times.empty()) {
    out << std::left << std::setw(31) << "LOCAL" << std::setw(22) << "UTC" << "NOTE\n";
    for (const CronTime& time : times) {
      const std::string utc = time.fate == CronTime::Fate::kSkipped ? "-" : format_rfc3339(time.time);
      const std::string note = note_of(time);
      out << std::setw(31) << local_text(time, clock) << std::setw(note.empty() ? 0 : 22) << utc << note << "\n";
    }
  }
  if (times.empty() && !command.as_json) out << "never: no date fits the schedule\n";
  return times.empty() ? 1 : 0;
}

// As the server would take it: with defaults, and refused in the same words.
Result<batchv1::CronJob> read_cron_job(const std::string& text) {
  const Kind& kind = kind_of<batchv1::CronJob>();
  TRY(DecodedBody body, decode_body(BodyFormat::kYaml, text, batchv1::CronJob::default_instance(), kind.kind, kind.api_version()));
  if (!body.strict_errors.empty()) return fail(Reason::kBadRequest, body.strict_errors.front());
  auto cron_job = static_cast<const batchv1::CronJob&>(*body.message);
  const std::string name = cron_job.metadata().name();
  if (name.empty()) return fail(Reason::kInvalid, "a CronJob without a name");
  if (cron_job.metadata().namespace_().empty()) cron_job.mutable_metadata()->set_namespace_("default");
  kind.rules->set_defaults(cron_job);
  FieldErrors errors;
  validate_metadata(kind, cron_job, errors);
  kind.rules->validate(cron_job, errors);
  if (errors.empty()) return cron_job;
  std::string causes;
  for (const auto& cause : errors.causes()) causes += (causes.empty() ? "" : "; ") + cause.field + ": " + cause.message;
  return fail(Reason::kInvalid, "CronJob " + name + ": " + causes);
}

// The CronJobs among the objects of a text, also those of a List; other kinds are none of this command's business.
Result<void> read_cron_jobs(const std::string& text, std::vector<batchv1::CronJob>& cron_jobs) {
  for (const std::string& document : simulate::split_documents(text)) {
    TRY(const Value value, json::parse_yaml(document));
    const std::string_view kind = value.string_at("kind");
    if (kind.empty()) return fail(Reason::kBadRequest, "a document is no Kubernetes object: it has no kind");
    if (const Value* items = value.find("items"); kind.ends_with("List") && items != nullptr && items->is_array()) {
      for (const Value& item : items->as_array()) TRY_VOID(read_cron_jobs(json::to_text(item), cron_jobs));
    } else if (kind == "CronJob") {
      TRY(cron_jobs.emplace_back(), read_cron_job(document));
    }
  }
  return {};
}

Value json_of(const batchv1::CronJob& cron_job, const Forecast& forecast) {
  json::Array findings;
  for (const Finding& finding : forecast.findings) {
    findings.push_back(Members{{"warning", finding.warning}, {"reason", finding.reason}, {"message", finding.message}});
  }
  return Members{{"namespace", cron_job.metadata().namespace_()},
                 {"name", cron_job.metadata().name()},
                 {"schedule", cron_job.spec().schedule()},
                 {"timeZone", cron_job.spec().timezone()},
                 {"planned", forecast.planned},
                 {"started", forecast.started},
                 {"next", forecast.next ? Value(format_rfc3339(*forecast.next)) : Value(nullptr)},
                 {"findings", std::move(findings)}};
}

void print(const batchv1::CronJob& cron_job, const Forecast& forecast, Duration span, std::ostream& out) {
  const TimeZone zone = TimeZone::find(cron_job.spec().timezone()).value_or(TimeZone::utc());
  out << cron_job.metadata().namespace_() << "/" << cron_job.metadata().name() << "  " << cron_job.spec().schedule() << "  ";
  out << forecast.planned << " runs in " << human_duration(span);
  if (forecast.next) out << ", the next at " << format_rfc3339(*forecast.next, zone);
  out << "\n";
  for (const Finding& finding : forecast.findings) {
    out << "  " << (finding.warning ? "warning " : "note ") << finding.reason << ": " << finding.message << "\n";
  }
}

Result<std::vector<batchv1::CronJob>> read_files(const cli::CronCommand& command, std::istream& in) {
  std::vector<batchv1::CronJob> cron_jobs;
  for (const std::string& file : command.files) {
    std::string text(file == "-" ? std::istreambuf_iterator<char>(in) : std::istreambuf_iterator<char>(), {});
    if (file != "-") {
      TRY(text, os::read_file(file, kFileBytesMax));
    }
    if (auto read = read_cron_jobs(text, cron_jobs); !read) return fail(Reason::kBadRequest, file + ": " + read.error().message);
  }
  if (cron_jobs.empty()) return fail(Reason::kBadRequest, "no CronJob in " + command.files.front());
  return cron_jobs;
}

Result<int> check(const cli::CronCommand& command, std::istream& in, std::ostream& out) {
  TRY(const std::vector<batchv1::CronJob> cron_jobs, read_files(command, in));
  const cronjob::ForecastOptions options{.from = start_of(command), .span = command.span, .run_time = command.run_time};
  int64_t warnings = 0;
  json::Array all;
  for (const batchv1::CronJob& cron_job : cron_jobs) {
    TRY(const Forecast forecast, cronjob::forecast(cron_job, options));
    warnings += std::ranges::count_if(forecast.findings, &Finding::warning);
    if (command.as_json) {
      all.push_back(json_of(cron_job, forecast));
    } else {
      print(cron_job, forecast, command.span, out);
    }
  }
  if (command.as_json) {
    out << json::to_text(Members{{"cronJobs", std::move(all)}, {"warnings", warnings}}, 2) << "\n";
  } else {
    out << "CronJobs: " << cron_jobs.size() << ", warnings: " << warnings << "\n";
  }
  return warnings > 0 ? 1 : 0;
}

}  // namespace

int run_cron(const cli::CronCommand& command, std::istream& in, std::ostream& out, std::ostream& err) {
  const Result<int> code = command.verb == cli::CronCommand::Verb::kNext ? show_next(command, out) : check(command, in, out);
  if (code) return *code;
  err << "stint: " << code.error().message << std::endl;
  return 2;
}

}  // namespace stint
