#include "node/cri_log.h"

#include <algorithm>

#include "api/object.h"

namespace stint {
namespace {

std::string_view take_word(std::string_view& text) {
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return word;
}

// Nine digits of fraction, and Z for UTC, as the pod log API prints times.
std::string nine_digits(std::string_view time) {
  constexpr size_t kSecondsEnd = 19, kFractionDigits = 9;
  if (time.size() < kSecondsEnd) return std::string(time);
  std::string out(time.substr(0, kSecondsEnd));
  time.remove_prefix(kSecondsEnd);
  std::string fraction;
  if (time.starts_with('.')) {
    const size_t end = std::min(time.find_first_not_of("0123456789", 1), time.size());
    fraction = time.substr(1, end - 1);
    time.remove_prefix(end);
  }
  fraction.resize(kFractionDigits, '0');
  return out + "." + fraction + (time == "+00:00" ? "Z" : std::string(time));
}

}  // namespace

std::optional<CriLine> parse_cri_line(std::string_view line) {
  CriLine parsed;
  parsed.time = take_word(line);
  parsed.stream = take_word(line);
  if (parsed.stream != "stdout" && parsed.stream != "stderr") return std::nullopt;
  const std::string_view tags = take_word(line);
  const std::string_view tag = tags.substr(0, tags.find(':'));
  if (tag != "F" && tag != "P") return std::nullopt;
  parsed.partial = tag == "P";
  parsed.text = line;
  return parsed;
}

void LogText::feed(std::string_view raw, std::string& out) {
  while (!raw.empty() && !limit_reached()) {
    const size_t end = raw.find('\n');
    const std::string_view piece = raw.substr(0, end);
    if (rest_.size() + piece.size() > kLineBytesMax) too_long_ = true;
    if (end == std::string_view::npos) {
      if (too_long_)
        rest_.clear();
      else
        rest_ += piece;
      return;
    }
    raw.remove_prefix(end + 1);
    if (!too_long_) {
      if (rest_.empty())
        add_line(piece, out);
      else
        add_line(rest_ += piece, out);
    }
    rest_.clear();
    too_long_ = false;
  }
}

void LogText::add_line(std::string_view line, std::string& out) {
  const auto parsed = parse_cri_line(line);
  if (!parsed) return;  // a line torn by a crash
  if (options_.since) {
    const auto time = parse_rfc3339(parsed->time);
    if (!time || *time < *options_.since) return;
  }
  if (options_.timestamps && at_line_start_) send(nine_digits(parsed->time) + " ", out);
  send(parsed->text, out);
  if (!parsed->partial) send("\n", out);
  at_line_start_ = !parsed->partial;
}

void LogText::send(std::string_view text, std::string& out) {
  if (options_.limit_bytes) text = text.substr(0, static_cast<size_t>(std::max<int64_t>(0, *options_.limit_bytes - sent_)));
  out += text;
  sent_ += static_cast<int64_t>(text.size());
}

}  // namespace stint
