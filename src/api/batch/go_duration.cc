#include "api/batch/go_duration.h"

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

}  // namespace

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
