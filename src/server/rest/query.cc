#include "server/rest/query.h"

#include <array>
#include <charconv>

namespace stint::rest {
namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array<Unit, 8> kUnits{
    {{"ns", 1}, {"us", 1e3}, {"\u00b5s", 1e3}, {"\u03bcs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
constexpr double kNanosecondsMax = 9.2e18;  // what an int64 of nanoseconds can hold

// Takes a number and its unit off the front; negative when there is none.
double take_term(std::string_view& text) {
  size_t digits = text.find_first_not_of("0123456789.");
  if (digits == 0 || digits == std::string_view::npos) return -1;
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc() || end != text.data() + digits) return -1;
  text.remove_prefix(digits);
  std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
  for (const Unit& known : kUnits) {
    if (known.name != unit) continue;
    text.remove_prefix(unit.size());
    return number * known.nanoseconds;
  }
  return -1;
}

}  // namespace

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : pairs_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::optional<bool> Query::optional_flag(std::string_view name) const {
  auto value = find(name);
  if (!value) return std::nullopt;
  return *value != "0" && !equals_ignoring_case(*value, "false");
}

Result<std::optional<int64_t>> Query::integer(std::string_view name) const {
  auto value = find(name);
  if (!value || value->empty()) return std::nullopt;
  int64_t number = 0;
  auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size()) {
    return fail(Reason::kBadRequest, "query parameter " + std::string(name) + ": \"" + std::string(*value) + "\" is not an integer");
  }
  return number;
}

std::optional<Duration> parse_go_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double term = take_term(text);
    if (term < 0) return std::nullopt;
    total += term;
  }
  if (total > kNanosecondsMax) return std::nullopt;
  return Duration(static_cast<int64_t>(negative ? -total : total));
}

}  // namespace stint::rest
