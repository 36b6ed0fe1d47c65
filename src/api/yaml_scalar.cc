#include "api/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace stint::json {
namespace {

constexpr std::array<std::string_view, 11> kTrue = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::array<std::string_view, 11> kFalse = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 12> kNoNumber = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                                        "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

bool is_one_of(std::string_view text, const auto& words) { return std::ranges::find(words, text) != words.end(); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes "0x", "0b", "0o" or the "0" of an octal number off; the base it means.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char letter = static_cast<char>(digits[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
  digits.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  return base;
}

// An integer beyond 64 bits is left to real().
std::optional<Value> integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int base = take_base(text);
  uint64_t size = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, size, base);
  if (text.empty() || stop != end || error != std::errc()) return std::nullopt;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (size <= kMax) return Value(negative ? -static_cast<int64_t>(size) : static_cast<int64_t>(size));
  if (negative) return size == kMax + 1 ? Value(std::numeric_limits<int64_t>::min()) : Value(-static_cast<double>(size));
  return Value(static_cast<double>(size));
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_real(std::string_view text) {
  const auto digits = [&] {
    const size_t count = static_cast<size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    text.remove_prefix(count);
    return count;
  };
  const auto consume = [&](std::string_view any_of) {
    if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
  };
  consume("+-");
  const size_t whole = digits();
  const bool has_point = consume(".");
  const size_t fraction = has_point ? digits() : 0;
  if (whole == 0 && fraction == 0) return false;
  if (consume("eE")) {
    consume("+-");
    if (digits() == 0) return false;
  }
  return text.empty();
}

// A real number that is whole passes through JSON as an integer: 1e3 is 1000.
std::optional<Value> real(std::string_view text) {
  if (!looks_real(text)) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  if (std::trunc(number) == number && std::fabs(number) < 9.2e18) return Value(static_cast<int64_t>(number));
  return Value(number);
}

}  // namespace

bool is_yaml_character(uint32_t code_point) {
  if (code_point < 0xA0)
    return code_point == '\t' || code_point == '\n' || code_point == '\r' || code_point == 0x85 ||
           (code_point >= 0x20 && code_point < 0x7F);
  return code_point != 0xFFFE && code_point != 0xFFFF;
}

std::optional<Value> resolve_plain(std::string_view text) {
  if (is_one_of(text, kNull)) return Value();
  if (is_one_of(text, kTrue)) return Value(true);
  if (is_one_of(text, kFalse)) return Value(false);
  if (is_one_of(text, kNoNumber)) return std::nullopt;
  if (text[0] == '.') return real(text).value_or(Value(text));
  if (!is_digit(text[0]) && text[0] != '-' && text[0] != '+') return Value(text);
  std::string plain(text);
  std::erase(plain, '_');
  if (auto value = integer(plain)) return value;
  if (auto value = real(plain)) return value;
  return Value(text);
}

}  // namespace stint::json
