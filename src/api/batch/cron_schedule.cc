#include "api/batch/cron_schedule.h"

#include <date/tz.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <span>
#include <vector>

#include "api/go_duration.h"

namespace stint {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

namespace {

// Past this many calendar years a search gives up: the date does not exist (31 February).
constexpr auto kSearchYears = std::chrono::years(5);
// The shortest distance of two runs with @every.
constexpr Duration kEveryMin = 1s;

std::unexpected<Error> bad(std::string message) { return fail(Reason::kInvalid, std::move(message)); }

constexpr std::array<std::string_view, 12> kMonthNames{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDayNames{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The pieces between separators; empty pieces are kept.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    pieces.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return pieces;
    at = end + 1;
  }
}

std::vector<std::string_view> split_spaces(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// A number as Go's Atoi reads it: one sign, digits.
Result<unsigned> parse_number(std::string_view text) {
  const auto atoi_error = [&](std::string_view problem) {
    const std::string shown(text);
    return bad("failed to parse int from " + shown + ": strconv.Atoi: parsing \"" + shown + "\": " + std::string(problem));
  };
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.starts_with('+') || digits.starts_with("-+")) return atoi_error("invalid syntax");
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem == std::errc::result_out_of_range) return atoi_error("value out of range");
  if (problem != std::errc{} || end != digits.data() + digits.size() || (digits.size() < text.size() && value < 0)) {
    return atoi_error("invalid syntax");
  }
  if (value < 0) return bad("negative number (" + std::to_string(value) + ") not allowed: " + std::string(text));
  // Any value this large is out of every field's bounds, and the caller says so.
  return static_cast<unsigned>(std::min<int64_t>(value, std::numeric_limits<int32_t>::max()));
}

Result<unsigned> parse_number_or_name(std::string_view text, std::span<const std::string_view> names, unsigned first) {
  if (text.size() == 3) {
    const std::array<char, 3> lowered{lower(text[0]), lower(text[1]), lower(text[2])};
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == std::string_view(lowered.data(), 3)) return static_cast<unsigned>(i) + first;
    }
  }
  return parse_number(text);
}

}  // namespace

struct CronSchedule::Bounds {
  unsigned min;
  unsigned max;
  std::span<const std::string_view> names;
};

constexpr std::array<CronSchedule::Bounds, CronSchedule::kFieldCount> CronSchedule::kBounds{
    {{0, 59, {}}, {0, 23, {}}, {1, 31, {}}, {1, 12, kMonthNames}, {0, 6, kDayNames}}};

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
  if (text.empty()) return bad("empty spec string");
  if (!text.starts_with("TZ=") && !text.starts_with("CRON_TZ=")) {
    return text.starts_with('@') ? parse_macro(text) : parse_fields(text);
  }
  const size_t equals = text.find('=');
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return bad("invalid format: expected a time zone, a space and a schedule: " + std::string(text));
  const std::string_view name = text.substr(equals + 1, space - equals - 1);
  const std::optional<TimeZone> zone = TimeZone::find(name);
  if (!zone) return bad("provided bad location " + std::string(name) + ": unknown time zone " + std::string(name));
  text.remove_prefix(space);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  TRY(CronSchedule schedule, text.starts_with('@') ? parse_macro(text) : parse_fields(text));
  schedule.zone_ = zone;
  return schedule;
}

Result<CronSchedule> CronSchedule::parse_fields(std::string_view text) {
  const std::vector<std::string_view> words = split_spaces(text);
  if (words.size() != kFieldCount) {
    std::string shown;
    for (std::string_view word : words) shown.append(shown.empty() ? "" : " ").append(word);
    return bad("expected exactly 5 fields, found " + std::to_string(words.size()) + ": [" + shown + "]");
  }
  CronSchedule schedule;
  for (size_t i = 0; i < kFieldCount; ++i) {
    TRY(schedule.fields_[i], parse_field(words[i], kBounds[i]));
  }
  return schedule;
}

Result<CronSchedule> CronSchedule::parse_macro(std::string_view text) {
  if (text == "@yearly" || text == "@annually") return parse_fields("0 0 1 1 *");
  if (text == "@monthly") return parse_fields("0 0 1 * *");
  if (text == "@weekly") return parse_fields("0 0 * * 0");
  if (text == "@daily" || text == "@midnight") return parse_fields("0 0 * * *");
  if (text == "@hourly") return parse_fields("0 * * * *");
  constexpr std::string_view kEvery = "@every ";
  if (!text.starts_with(kEvery)) return bad("unrecognized descriptor: " + std::string(text));
  auto every = parse_go_duration(text.substr(kEvery.size()));
  if (!every) return bad("failed to parse duration " + std::string(text) + ": " + every.error().message);
  CronSchedule schedule;
  schedule.every_ = std::max(kEveryMin, Duration(std::chrono::floor<seconds>(*every)));
  return schedule;
}

// A comma list; empty elements are dropped, so that a field of only commas matches nothing.
Result<CronSchedule::Field> CronSchedule::parse_field(std::string_view text, const Bounds& bounds) {
  Field field;
  for (std::string_view item : split(text, ',')) {
    if (item.empty()) continue;
    TRY(Field part, parse_item(item, bounds));
    field.bits |= part.bits;
    field.starred |= part.starred;
  }
  return field;
}

// `*`, `N` or `A-B`, each perhaps with `/S`.
Result<CronSchedule::Field> CronSchedule::parse_item(std::string_view text, const Bounds& bounds) {
  const std::string shown(text);
  const std::vector<std::string_view> range_and_step = split(text, '/');
  const std::vector<std::string_view> ends = split(range_and_step[0], '-');
  unsigned first = bounds.min, last = bounds.max, step = 1;
  bool starred = ends[0] == "*" || ends[0] == "?";
  if (!starred) {
    TRY(first, parse_number_or_name(ends[0], bounds.names, bounds.min));
    last = first;
    if (ends.size() > 2) return bad("too many hyphens: " + shown);
    if (ends.size() == 2) {
      TRY(last, parse_number_or_name(ends[1], bounds.names, bounds.min));
    }
  }
  if (range_and_step.size() > 2) return bad("too many slashes: " + shown);
  if (range_and_step.size() == 2) {
    TRY(step, parse_number(range_and_step[1]));
    if (ends.size() == 1) last = bounds.max;
    if (step > 1) starred = false;
  }
  if (first < bounds.min) {
    return bad("beginning of range (" + std::to_string(first) + ") below minimum (" + std::to_string(bounds.min) + "): " + shown);
  }
  if (last > bounds.max) {
    return bad("end of range (" + std::to_string(last) + ") above maximum (" + std::to_string(bounds.max) + "): " + shown);
  }
  if (first > last) {
    return bad("beginning of range (" + std::to_string(first) + ") beyond end of range (" + std::to_string(last) + "): " + shown);
  }
  if (step == 0) return bad("step of range should be a positive number: " + shown);
  Field field{.starred = starred};
  for (uint64_t value = first; value <= last; value += step) field.bits |= uint64_t{1} << value;
  return field;
}

bool CronSchedule::matches_day(local_days day) const {
  const Field& of_month = fields_[kDayOfMonth];
  const Field& of_week = fields_[kDayOfWeek];
  const bool month_day = of_month.has(static_cast<unsigned>(std::chrono::year_month_day(day).day()));
  const bool week_day = of_week.has(std::chrono::weekday(day).c_encoding());
  return of_month.starred || of_week.starred ? month_day && week_day : month_day || week_day;
}

bool CronSchedule::matches(local_seconds wall) const {
  const local_days day = std::chrono::floor<days>(wall);
  const auto minute = std::chrono::floor<std::chrono::minutes>(wall - day);
  return minute == wall - day && fields_[kMonth].has(static_cast<unsigned>(std::chrono::year_month_day(day).month())) && matches_day(day) &&
         fields_[kHour].has(static_cast<unsigned>(minute / 1h)) && fields_[kMinute].has(static_cast<unsigned>(minute % 1h / 1min));
}

// The first matching minute in [from, end) of a wall clock that runs evenly.
std::optional<local_seconds> CronSchedule::first_match(local_seconds from, local_seconds end) const {
  local_seconds minute = std::chrono::ceil<std::chrono::minutes>(from);
  while (minute < end) {
    const local_days day = std::chrono::floor<days>(minute);
    const std::chrono::year_month_day date(day);
    if (!fields_[kMonth].has(static_cast<unsigned>(date.month()))) {
      minute = local_days(date.year() / date.month() / std::chrono::last) + days(1);
      continue;
    }
    if (!matches_day(day)) {
      minute = day + days(1);
      continue;
    }
    const auto hour = std::chrono::floor<std::chrono::hours>(minute - day);
    if (!fields_[kHour].has(static_cast<unsigned>(hour.count()))) {
      minute = day + hour + 1h;
      continue;
    }
    if (fields_[kMinute].has(static_cast<unsigned>((minute - day - hour) / 1min))) return minute;
    minute += 1min;
  }
  return std::nullopt;
}

std::optional<WallTime> CronSchedule::next(WallTime after, const TimeZone& zone) const {
  if (every_ > Duration{0}) {
    const sys_seconds start = std::chrono::floor<seconds>(after);
    if (start > WallTime::max() - every_) return std::nullopt;  // the clock itself ends in 2262
    return start + every_;
  }
  const TimeZone& clock = this->clock(zone);
  sys_seconds from = std::chrono::floor<seconds>(after) + 1s;
  TimeZone::Span span = clock.span_at(from);
  const local_days today = std::chrono::floor<days>(local_seconds((from + span.offset).time_since_epoch()));
  const local_days horizon((std::chrono::year_month_day(today).year() + kSearchYears + std::chrono::years(1)) / 1 / 1);
  // The wall clock runs evenly between two changes of the zone. So a time inside a gap is in no span, and a repeated one in two.
  while (true) {
    const local_seconds local_from((from + span.offset).time_since_epoch());
    if (local_from >= local_seconds(horizon)) return std::nullopt;
    const local_seconds local_end = std::min(local_seconds((span.end + span.offset).time_since_epoch()), local_seconds(horizon));
    if (auto found = first_match(local_from, local_end)) return sys_seconds(found->time_since_epoch()) - span.offset;
    from = span.end;
    span = clock.span_at(from);
  }
}

TimeZone TimeZone::utc() { return TimeZone(nullptr); }

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (name.empty() || name == "UTC") return utc();
  try {
    return TimeZone(date::locate_zone(name));
  } catch (const std::exception&) {  // the library's way to say "unknown", or that there is no database
    return std::nullopt;
  }
}

TimeZone::Span TimeZone::span_at(sys_seconds time) const {
  // Far enough that no schedule gets there, and that adding an offset cannot overflow.
  constexpr sys_seconds kBegin = sys_seconds(seconds(-100'000'000'000)), kEnd = sys_seconds(seconds(100'000'000'000));
  if (zone_ == nullptr) return {kBegin, kEnd, 0s};
  const auto info = static_cast<const date::time_zone*>(zone_)->get_info(time);
  return {std::max(info.begin, kBegin), std::min(info.end, kEnd), info.offset};
}

bool time_zone_exists(std::string_view name) { return TimeZone::find(name).has_value(); }

std::string format_rfc3339(WallTime time, const TimeZone& zone) {
  const sys_seconds second = std::chrono::floor<seconds>(time);
  const seconds offset = zone.span_at(second).offset;
  std::string text = date::format("%FT%T", second + offset);
  if (offset == 0s) return text + 'Z';
  const auto minutes = std::chrono::floor<std::chrono::minutes>(std::chrono::abs(offset)).count();
  const auto two_digits = [](int64_t value) { return std::string(value < 10 ? "0" : "") + std::to_string(value); };
  return text + (offset < 0s ? '-' : '+') + two_digits(minutes / 60) + ':' + two_digits(minutes % 60);
}

}  // namespace stint
