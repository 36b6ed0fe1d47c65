#include "api/rfc3339.h"

#include <algorithm>
#include <chrono>

namespace stint {
namespace {

using std::chrono::sys_days;

constexpr int64_t kSecondsOfDay = 86400;
constexpr int64_t kYear0 = -62167219200;     // 0000-01-01T00:00:00Z
constexpr int64_t kYear9999 = 253402300799;  // 9999-12-31T23:59:59Z

// Reads a fixed layout from the left; every step is false at the first byte that does not fit.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool digits(int count, int& value) {
    value = 0;
    for (int i = 0; i < count; ++i) {
      if (text_.empty() || text_[0] < '0' || text_[0] > '9') return false;
      value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    return true;
  }
  bool literal(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // ".123" or ",123"; absent is zero.
  bool fraction(int32_t& nanos) {
    nanos = 0;
    if (!literal('.') && !literal(',')) return true;
    int32_t unit = 100'000'000;
    size_t seen = 0;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1), ++seen) {
      nanos += (text_[0] - '0') * unit;
      unit /= 10;
    }
    return seen > 0;
  }
  // "Z" or "+hh:mm".
  bool offset(int64_t& seconds) {
    seconds = 0;
    if (literal('Z')) return true;
    const bool negative = !text_.empty() && text_[0] == '-';
    if (!negative && (text_.empty() || text_[0] != '+')) return false;
    text_.remove_prefix(1);
    int hours = 0;
    int minutes = 0;
    if (!digits(2, hours) || !literal(':') || !digits(2, minutes) || hours > 24 || minutes > 59) return false;
    seconds = (hours * 60 + minutes) * int64_t{60} * (negative ? -1 : 1);
    return true;
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

void append_digits(int64_t value, int width, std::string& out) {
  char buffer[20];
  for (int i = width - 1; i >= 0; --i, value /= 10) buffer[i] = static_cast<char>('0' + value % 10);
  out.append(buffer, width);
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text) {
  Scanner in(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!in.digits(4, year) || !in.literal('-') || !in.digits(2, month) || !in.literal('-') || !in.digits(2, day)) return {};
  if (!in.literal('T')) return {};
  if (!in.digits(2, hour) || !in.literal(':') || !in.digits(2, minute) || !in.literal(':') || !in.digits(2, second)) return {};
  Instant instant;
  int64_t offset = 0;
  if (!in.fraction(instant.nanos) || !in.offset(offset) || !in.at_end()) return {};
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return {};
  const int64_t days = sys_days(date).time_since_epoch().count();
  instant.seconds = days * kSecondsOfDay + hour * 3600 + minute * 60 + second - offset;
  return instant;
}

void append_instant(Instant instant, int fraction_digits, std::string& out) {
  const int64_t seconds = std::clamp(instant.seconds, kYear0, kYear9999);
  int64_t days = seconds / kSecondsOfDay;
  int64_t rest = seconds % kSecondsOfDay;
  if (rest < 0) {
    rest += kSecondsOfDay;
    --days;
  }
  const std::chrono::year_month_day date{sys_days(std::chrono::days(days))};
  append_digits(static_cast<int>(date.year()), 4, out);
  out += '-';
  append_digits(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  append_digits(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  append_digits(rest / 3600, 2, out);
  out += ':';
  append_digits(rest / 60 % 60, 2, out);
  out += ':';
  append_digits(rest % 60, 2, out);
  if (fraction_digits > 0) {
    int64_t fraction = std::clamp(instant.nanos, 0, 999'999'999);
    for (int i = fraction_digits; i < 9; ++i) fraction /= 10;
    out += '.';
    append_digits(fraction, fraction_digits, out);
  }
  out += 'Z';
}

}  // namespace stint
