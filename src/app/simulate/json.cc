// The report as one JSON document: times by the clock, spans in seconds.
#include "api/json.h"

#include "api/object.h"
#include "app/simulate/report.h"

namespace stint::simulate {
namespace {

using json::Members;
using json::Value;

Value time_value(std::optional<WallTime> time) {
  if (!time) return nullptr;
  const bool whole = std::chrono::floor<std::chrono::seconds>(*time) == *time;
  return whole ? format_rfc3339(*time) : format_rfc3339_micro(*time);
}

Value seconds_value(Duration span) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(span);
  if (whole == span) return static_cast<int64_t>(whole.count());
  return std::chrono::duration<double>(span).count();
}

Value text_value(const std::string& text) { return text.empty() ? Value(nullptr) : Value(text); }

Value attempt_value(const Attempt& attempt) {
  Members members{{"pod", attempt.pod},
                  {"index", attempt.index ? Value(*attempt.index) : Value(nullptr)},
                  {"start", time_value(attempt.start)},
                  {"end", time_value(attempt.end)},
                  {"exitCode", attempt.exit_code ? Value(*attempt.exit_code) : Value(nullptr)},
                  {"outcome", text_value(attempt.outcome)},
                  {"backoff", seconds_value(attempt.backoff)},
                  {"reason", attempt.reason},
                  {"why", attempt.why}};
  if (!attempt.container.empty()) members["container"] = attempt.container;
  return members;
}

Value job_value(const JobReport& job) {
  json::Array attempts;
  for (const Attempt& attempt : job.attempts) attempts.push_back(attempt_value(attempt));
  Members members{{"namespace", job.ns}, {"name", job.name}, {"cronJob", text_value(job.cron_job)}, {"created", time_value(job.created)}};
  members["attempts"] = std::move(attempts);
  members["condition"] = text_value(job.condition);
  members["reason"] = text_value(job.reason);
  members["message"] = text_value(job.message);
  members["at"] = time_value(job.at);
  members["deletedAt"] = time_value(job.deleted_at);
  members["succeeded"] = job.succeeded;
  members["failed"] = job.failed;
  members["completedIndexes"] = text_value(job.completed_indexes);
  members["failedIndexes"] = text_value(job.failed_indexes);
  return members;
}

}  // namespace

std::string as_json(const Report& report) {
  json::Array jobs, notes;
  for (const JobReport& job : report.jobs) jobs.push_back(job_value(job));
  for (const Note& note : report.notes) {
    notes.push_back(Members{{"at", time_value(note.at)},
                            {"last", time_value(note.last)},
                            {"count", note.count},
                            {"object", note.object},
                            {"reason", note.reason},
                            {"message", note.message}});
  }
  Members document{{"start", time_value(report.start)}, {"end", time_value(report.end)}, {"ending", report.ending}};
  document["jobs"] = std::move(jobs);
  document["notes"] = std::move(notes);
  return json::to_text(document, 2) + "\n";
}

}  // namespace stint::simulate
