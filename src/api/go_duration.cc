#include "api/go_duration.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace stint {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\u00b5s", 1'000},  // micro sign
                                      {"\u03bcs", 1'000},  // Greek mu
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::unexpected<Error> bad(std::string_view problem, std::string_view text) {
  return fail(Reason::kInvalid, "time: " + std::string(problem) + " \"" + std::string(text) + '"');
}

// One number with its unit, taken off the front of `rest`.
Result<int64_t> take_part(std::string_view& rest, std::string_view text) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  int64_t whole = 0;
  bool digits = false;
  for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), digits = true) {
    if (whole > (kMax - 9) / 10) return bad("invalid duration", text);
    whole = whole * 10 + (rest.front() - '0');
  }
  double fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    for (double scale = 0.1; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), scale /= 10, digits = true) {
      fraction += scale * (rest.front() - '0');
    }
  }
  if (!digits) return bad("invalid duration", text);
  size_t length = 0;
  while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length])) ++length;
  if (length == 0) return bad("missing unit in duration", text);
  const std::string_view name = rest.substr(0, length);
  rest.remove_prefix(length);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (whole > kMax / unit.nanoseconds) return bad("invalid duration", text);
    const auto extra = static_cast<int64_t>(fraction * static_cast<double>(unit.nanoseconds));
    if (whole * unit.nanoseconds > kMax - extra) return bad("invalid duration", text);
    return whole * unit.nanoseconds + extra;
  }
  return fail(Reason::kInvalid, "time: unknown unit \"" + std::string(name) + "\" in duration \"" + std::string(text) + '"');
}

// The number in units of `unit`, which is a power of ten of nanoseconds, without trailing zeros.
std::string decimal(int64_t nanoseconds, int64_t unit) {
  std::string text = std::to_string(nanoseconds / unit);
  std::string fraction = std::to_string(unit + nanoseconds % unit).substr(1);
  while (fraction.ends_with('0')) fraction.pop_back();
  return fraction.empty() ? text : text + "." + fraction;
}

// REQUIRES: not negative, and at least a second.
std::string clock_text(int64_t nanoseconds) {
  constexpr int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
  std::string text;
  if (nanoseconds >= kHour) text += std::to_string(nanoseconds / kHour) + "h";
  if (nanoseconds >= kMinute) text += std::to_string(nanoseconds % kHour / kMinute) + "m";
  return text + decimal(nanoseconds % kMinute, kSecond) + "s";
}

}  // namespace

std::string go_duration_text(Duration duration) {
  const int64_t count = duration.count();
  if (count == std::numeric_limits<int64_t>::min()) return "-2562047h47m16.854775808s";
  if (count < 0) return "-" + go_duration_text(-duration);
  if (count == 0) return "0s";
  if (count < 1'000) return std::to_string(count) + "ns";
  if (count < 1'000'000) return decimal(count, 1'000) + "\u00b5s";
  if (count < 1'000'000'000) return decimal(count, 1'000'000) + "ms";
  return clock_text(count);
}

Result<Duration> parse_go_duration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Duration{0};
  if (rest.empty()) return bad("invalid duration", text);
  int64_t total = 0;
  while (!rest.empty()) {
    TRY(int64_t part, take_part(rest, text));
    if (total > std::numeric_limits<int64_t>::max() - part) return bad("invalid duration", text);
    total += part;
  }
  return Duration{negative ? -total : total};
}

}  // namespace stint
