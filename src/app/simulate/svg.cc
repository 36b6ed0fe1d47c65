// The report as a picture: a row an attempt, time from left to right, waits before a go in grey.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "api/object.h"
#include "app/simulate/report.h"

namespace stint::simulate {
namespace {

constexpr int kLabelWidth = 260, kWidth = 900, kMargin = 20, kRow = 18, kTicks = 6;

struct Picture {
  WallTime start;
  Duration span;
  int y = kMargin;
  std::string body;

  double x(WallTime time) const {
    const double part = std::chrono::duration<double>(time - start) / std::chrono::duration<double>(span);
    return kLabelWidth + std::clamp(part, 0.0, 1.0) * kWidth;
  }
  void text(double at, std::string_view words, std::string_view style = "");
  void bar(WallTime from, WallTime to, std::string_view color, const std::string& title);
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string number(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.1f", value);
  return text;
}

void Picture::text(double at, std::string_view words, std::string_view style) {
  body +=
      "<text x=\"" + number(at) + "\" y=\"" + std::to_string(y + kRow - 5) + "\"" + std::string(style) + ">" + escaped(words) + "</text>\n";
}

void Picture::bar(WallTime from, WallTime to, std::string_view color, const std::string& title) {
  const double left = x(from), width = std::max(2.0, x(to) - left);
  body += "<rect x=\"" + number(left) + "\" y=\"" + std::to_string(y + 3) + "\" width=\"" + number(width) + "\" height=\"" +
          std::to_string(kRow - 6) + "\" fill=\"" + std::string(color) + "\"><title>" + escaped(title) + "</title></rect>\n";
}

void draw_attempt(const Report& report, const Attempt& attempt, Picture& picture) {
  const WallTime start = attempt.start.value_or(attempt.created), end = attempt.end.value_or(report.end);
  std::string label = attempt.container.empty() ? attempt.pod : attempt.pod + "/" + attempt.container;
  if (attempt.index) label += " [" + std::to_string(*attempt.index) + "]";
  picture.text(kMargin, label);
  if (attempt.backoff > Duration{0}) picture.bar(start - attempt.backoff, start, "#ddd", attempt.why);
  const bool good = attempt.exit_code == 0;
  const std::string code = attempt.exit_code ? "exit " + std::to_string(*attempt.exit_code) : attempt.outcome;
  picture.bar(start, end,
              !attempt.end ? "#4a7ebb"
              : good       ? "#3a9a5b"
                           : "#c0504d",
              label + ": " + offset_text(report.start, start) + " to " + offset_text(report.start, end) + ", " + code);
  picture.y += kRow;
}

void draw_job(const Report& report, const JobReport& job, Picture& picture) {
  std::string heading = "Job " + object_key(job.ns, job.name);
  if (job.at) heading += ": " + job.condition + " at " + offset_text(report.start, *job.at) + ", " + job.reason;
  if (job.deleted_at) heading += "; deleted at " + offset_text(report.start, *job.deleted_at);
  picture.text(kMargin, heading, " font-weight=\"bold\"");
  picture.y += kRow;
  for (const Attempt& attempt : job.attempts) draw_attempt(report, attempt, picture);
  picture.y += kRow / 2;
}

void draw_ticks(const Report& report, Picture& picture) {
  for (int i = 0; i <= kTicks; ++i) {
    const WallTime time = report.start + std::chrono::floor<std::chrono::seconds>(picture.span * i / kTicks);
    picture.text(picture.x(time), offset_text(report.start, time), " text-anchor=\"middle\" fill=\"#666\"");
  }
  picture.y += kRow;
}

}  // namespace

std::string as_svg(const Report& report) {
  Picture picture{.start = report.start, .span = std::max<Duration>(report.end - report.start, std::chrono::seconds(1))};
  draw_ticks(report, picture);
  for (const JobReport& job : report.jobs) draw_job(report, job, picture);
  picture.text(kMargin, "Times count from " + format_rfc3339(report.start) + ".", " fill=\"#666\"");
  picture.y += kRow + kMargin;
  const std::string width = std::to_string(kLabelWidth + kWidth + 3 * kMargin), height = std::to_string(picture.y);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
         "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" + picture.body +
         "</svg>\n";
}

}  // namespace stint::simulate
