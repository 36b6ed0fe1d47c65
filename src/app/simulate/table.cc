// The report as text for a terminal: times count from the start of the simulation, and ends are told by the clock too.
#include <algorithm>

#include "api/go_duration.h"
#include "api/object.h"
#include "app/simulate/report.h"

namespace stint::simulate {
namespace {

using Line = std::vector<std::string>;

std::string text_of(std::optional<WallTime> time, WallTime from) { return time ? offset_text(from, *time) : "-"; }

Line attempt_line(const Report& report, const Attempt& attempt, size_t number) {
  return {std::to_string(number),
          attempt.container.empty() ? attempt.pod : attempt.pod + "/" + attempt.container,
          attempt.index ? std::to_string(*attempt.index) : "",
          text_of(attempt.start, report.start),
          text_of(attempt.end, report.start),
          attempt.exit_code         ? std::to_string(*attempt.exit_code)
          : attempt.outcome.empty() ? "-"
                                    : attempt.outcome,
          attempt.backoff > Duration{0} ? go_duration_text(attempt.backoff) : "-",
          attempt.why};
}

void append_lines(const std::vector<Line>& lines, std::string& out) {
  std::vector<size_t> widths(lines[0].size());
  for (const Line& line : lines)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  // A column that only its heading fills is left out.
  std::vector<bool> empty(widths.size(), true);
  for (size_t row = 1; row < lines.size(); ++row)
    for (size_t i = 0; i < widths.size(); ++i) empty[i] = empty[i] && lines[row][i].empty();
  for (const Line& line : lines) {
    std::string text = " ";
    for (size_t i = 0; i < line.size(); ++i) {
      if (empty[i]) continue;
      text += " " + line[i] + std::string(widths[i] - line[i].size() + 1, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
}

void append_end(const Report& report, const JobReport& job, std::string& out) {
  const auto at = [&](WallTime time) { return " at " + offset_text(report.start, time) + " (" + format_rfc3339(time) + ")"; };
  if (job.at) {
    out += "  " + job.condition + at(*job.at) + ": " + job.reason + (job.message.empty() ? "" : ": " + job.message) + "\n";
  } else {
    out += std::string("  it did not end") + (job.suspended ? ": it is suspended" : "") + "\n";
  }
  out += "  succeeded " + std::to_string(job.succeeded) + ", failed " + std::to_string(job.failed);
  if (!job.completed_indexes.empty()) out += ", completed indexes " + job.completed_indexes;
  if (!job.failed_indexes.empty()) out += ", failed indexes " + job.failed_indexes;
  out += "\n";
  if (job.deleted_at) out += "  deleted" + at(*job.deleted_at) + "\n";
}

void append_job(const Report& report, const JobReport& job, std::string& out) {
  out += "\nJob " + object_key(job.ns, job.name);
  if (!job.cron_job.empty()) out += " of CronJob " + job.cron_job;
  out += ", created at " + offset_text(report.start, job.created) + " (" + format_rfc3339(job.created) + ")\n";
  if (!job.attempts.empty()) {
    std::vector<Line> lines{{"#", "POD", "INDEX", "START", "END", "EXIT", "WAITED", "WHY"}};
    for (size_t i = 0; i < job.attempts.size(); ++i) lines.push_back(attempt_line(report, job.attempts[i], i + 1));
    append_lines(lines, out);
  }
  append_end(report, job, out);
}

}  // namespace

std::string offset_text(WallTime from, WallTime to) {
  const Duration span = to - from;
  if (span < Duration{0}) return "-" + offset_text(to, from).substr(1);
  constexpr Duration kDay = std::chrono::hours(24);
  std::string text = "+";
  if (span >= kDay) text += std::to_string(span / kDay) + "d";
  if (span < kDay || span % kDay > Duration{0}) text += go_duration_text(span % kDay);
  return text;
}

std::string as_table(const Report& report) {
  std::string out = "Times count from " + format_rfc3339(report.start) + ".\n";
  for (const JobReport& job : report.jobs) append_job(report, job, out);
  if (!report.notes.empty()) out += "\nBesides\n";
  for (const Note& note : report.notes) {
    out += "  " + offset_text(report.start, note.at);
    if (note.count > 1) out += " and on until " + offset_text(report.start, note.last) + ", " + std::to_string(note.count) + " times";
    out += "  " + note.object + "  " + note.reason + ": " + note.message + "\n";
  }
  out += "\nThe simulation ends at " + offset_text(report.start, report.end) + ": " + report.ending + ".\n";
  return out;
}

}  // namespace stint::simulate
