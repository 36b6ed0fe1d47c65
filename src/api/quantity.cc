#include "api/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace stint {
namespace {

using Wide = unsigned __int128;

// What fits 128 bits with room for two more digits. Longer whole parts are refused unless they end in zeros, longer fractions rounded away
// from zero.
constexpr int kDigitsMax = 36;
constexpr int64_t kExponentMax = 1000;
constexpr int kNano = -9;  // nothing finer is kept
constexpr Wide kBinaryMax = std::numeric_limits<int64_t>::max();

enum class Format { kDecimal, kBinary, kExponent };

// ±mantissa × 10^exponent.
struct Amount {
  bool negative = false;
  Wide mantissa = 0;
  int exponent = 0;
  Format format = Format::kDecimal;
};

struct Suffix {
  Format format = Format::kDecimal;
  int exponent = 0;  // of ten, or of two when binary
};

constexpr std::array<std::pair<std::string_view, int>, 10> kDecimalSuffixes = {
    {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0}, {"k", 3}, {"M", 6}, {"G", 9}, {"T", 12}, {"P", 15}, {"E", 18}}};
constexpr std::array<std::string_view, 7> kBinarySuffixes = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

std::optional<Suffix> parse_suffix(std::string_view text) {
  for (const auto& [name, exponent] : kDecimalSuffixes) {
    if (text == name) return Suffix{Format::kDecimal, exponent};
  }
  for (size_t i = 1; i < kBinarySuffixes.size(); ++i) {
    if (text == kBinarySuffixes[i]) return Suffix{Format::kBinary, static_cast<int>(i) * 10};
  }
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (exponent < -kExponentMax || exponent > kExponentMax) return std::nullopt;
  return Suffix{Format::kExponent, exponent};
}

// Divides by 10^digits, away from zero.
Wide shrink(Wide value, int64_t digits) {
  bool inexact = false;
  for (; digits > 0 && value != 0; --digits, value /= 10) inexact |= value % 10 != 0;
  return value + (inexact ? 1 : 0);
}

void drop_zeros(Amount& amount) {
  if (amount.mantissa == 0) amount.exponent = 0;
  while (amount.mantissa >= 10 && amount.mantissa % 10 == 0) {
    amount.mantissa /= 10;
    ++amount.exponent;
  }
}

void apply_binary(Amount& amount, int power) {
  drop_zeros(amount);
  // Digits that would overflow lie far below a nano, or make the amount larger than the cap.
  const Wide max = ~Wide{0} >> power;
  for (; amount.mantissa > max && amount.exponent < 0; ++amount.exponent) amount.mantissa = shrink(amount.mantissa, 1);
  if (amount.mantissa > max) {
    amount.mantissa = kBinaryMax;
    amount.exponent = 0;
  } else {
    amount.mantissa <<= power;
  }
}

// The cap of binary amounts; all others may be as large as they like.
void cap_binary(Amount& amount) {
  Wide whole = amount.exponent < 0 ? shrink(amount.mantissa, -amount.exponent) : amount.mantissa;
  for (int i = 0; i < amount.exponent && whole <= kBinaryMax; ++i) whole *= 10;
  if (whole <= kBinaryMax) return;
  amount.mantissa = kBinaryMax;
  amount.exponent = 0;
}

struct Parsed {
  Amount amount;
  bool is_canonical = false;  // upstream keeps such a text as it was written, "1.500" too
};

// The number in front of the suffix, as it is written.
struct Digits {
  Wide mantissa = 0;
  int fraction = 0;     // digits after the point
  int significant = 0;  // digits without leading zeros of the whole part
  bool leads_with_zero = true;
  int trailing_zeros = 0;
  int dropped_zeros = 0;  // of the whole part: the mantissa is to be multiplied by this power of ten
  bool inexact = false;
};

std::optional<Digits> read_digits(std::string_view& text) {
  Digits digits;
  bool after_point = false;
  while (!text.empty() && text[0] == '0') text.remove_prefix(1);
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text[0] == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (text[0] < '0' || text[0] > '9') break;
    const bool is_zero = text[0] == '0';
    if (digits.significant == 0) digits.leads_with_zero = after_point;
    ++digits.significant;
    digits.trailing_zeros = is_zero ? digits.trailing_zeros + 1 : 0;
    if (digits.significant > kDigitsMax && !after_point) {
      if (!is_zero) return std::nullopt;
      ++digits.dropped_zeros;
      continue;
    }
    if (digits.significant > kDigitsMax) {
      digits.inexact |= !is_zero;
      continue;
    }
    digits.mantissa = digits.mantissa * 10 + static_cast<Wide>(text[0] - '0');
    digits.fraction += after_point ? 1 : 0;
  }
  if (digits.inexact && digits.dropped_zeros > 0) return std::nullopt;  // more digits than there is room for
  if (digits.inexact) ++digits.mantissa;
  return digits;
}

bool is_canonical(const Digits& digits, const Suffix& suffix) {
  if (digits.mantissa == 0 || digits.inexact || digits.significant > 18) return false;
  if (suffix.format == Format::kBinary) {
    const int precision = 15 - digits.significant - suffix.exponent * 3 / 10 - 1;
    return digits.fraction == 0 && precision >= 0 && (digits.mantissa & 7) != 0;
  }
  const int scale = suffix.exponent - digits.fraction;
  return scale >= kNano && scale % 3 == 0 && digits.trailing_zeros < 3 && !digits.leads_with_zero;
}

std::optional<Parsed> parse(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Parsed parsed;
  Amount& amount = parsed.amount;
  amount.negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  const std::optional<Digits> digits = read_digits(text);
  if (!digits) return std::nullopt;
  const std::optional<Suffix> suffix = parse_suffix(text);
  if (!suffix) return std::nullopt;
  parsed.is_canonical = is_canonical(*digits, *suffix);
  amount.mantissa = digits->mantissa;
  amount.exponent = digits->dropped_zeros - digits->fraction;
  amount.format = suffix->format;
  if (suffix->format == Format::kBinary) {
    apply_binary(amount, suffix->exponent);
    cap_binary(amount);
  } else {
    amount.exponent += suffix->exponent;
  }
  if (amount.exponent < kNano) {
    amount.mantissa = shrink(amount.mantissa, kNano - amount.exponent);
    amount.exponent = kNano;
  }
  drop_zeros(amount);
  if (amount.exponent > kExponentMax) return std::nullopt;  // what it would be printed as must be read again
  if (amount.mantissa == 0) amount.negative = false;
  return parsed;
}

std::string to_digits(Wide value) {
  std::string out;
  do {
    out += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  std::ranges::reverse(out);
  return out;
}

std::string print_decimal(Amount amount) {
  drop_zeros(amount);
  for (; amount.exponent % 3 != 0; --amount.exponent) amount.mantissa *= 10;
  std::string out = (amount.negative ? "-" : "") + to_digits(amount.mantissa);
  if (amount.format != Format::kExponent) {
    for (const auto& [name, exponent] : kDecimalSuffixes) {
      if (exponent == amount.exponent) return out.append(name);
    }
  }
  return amount.exponent == 0 ? out : out + "e" + std::to_string(amount.exponent);
}

// Nothing when the amount is no whole number of at least 1024: those are shown in decimal.
std::optional<std::string> print_binary(const Amount& amount) {
  if (amount.exponent < 0) return std::nullopt;
  Wide whole = amount.mantissa;
  for (int i = 0; i < amount.exponent; ++i) whole *= 10;
  if (whole < 1024) return std::nullopt;
  size_t step = 0;
  for (; whole % 1024 == 0 && step + 1 < kBinarySuffixes.size(); ++step) whole /= 1024;
  return (amount.negative ? "-" : "") + to_digits(whole) + std::string(kBinarySuffixes[step]);
}

std::string print(const Amount& amount) {
  if (amount.mantissa == 0) return "0";
  if (amount.format == Format::kBinary) {
    if (auto text = print_binary(amount)) return *text;
    Amount decimal = amount;
    decimal.format = Format::kDecimal;
    return print_decimal(decimal);
  }
  return print_decimal(amount);
}

// In units of 10^scale, away from zero.
int64_t scaled(const Amount& amount, int scale) {
  constexpr Wide kMax = std::numeric_limits<int64_t>::max();
  const int shift = amount.exponent - scale;
  Wide value = shift < 0 ? shrink(amount.mantissa, -shift) : amount.mantissa;
  for (int i = 0; i < shift && value <= kMax; ++i) value *= 10;
  if (value > kMax) return amount.negative ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  return amount.negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
}

std::optional<int64_t> scaled(std::string_view text, int scale) {
  const std::optional<Parsed> parsed = parse(text);
  if (!parsed) return std::nullopt;
  return scaled(parsed->amount, scale);
}

int compare_sizes(Amount a, Amount b) {
  if (a.mantissa == 0 || b.mantissa == 0) return static_cast<int>(a.mantissa != 0) - static_cast<int>(b.mantissa != 0);
  const auto size_a = static_cast<int>(to_digits(a.mantissa).size()) + a.exponent;
  const auto size_b = static_cast<int>(to_digits(b.mantissa).size()) + b.exponent;
  if (size_a != size_b) return size_a < size_b ? -1 : 1;
  // Equally long: aligned, neither has more digits than the longer mantissa.
  for (; a.exponent > b.exponent; --a.exponent) a.mantissa *= 10;
  for (; b.exponent > a.exponent; --b.exponent) b.mantissa *= 10;
  return a.mantissa == b.mantissa ? 0 : a.mantissa < b.mantissa ? -1 : 1;
}

// Both in units of the finer exponent. What would not fit 128 bits is so large that the finer digits of the other do not count.
void align(Amount& a, Amount& b) {
  constexpr Wide kMax = ~Wide{0} / 20;
  const auto refine = [](Amount& coarse, const Amount& fine) {
    for (; coarse.exponent > fine.exponent && coarse.mantissa <= kMax; --coarse.exponent) coarse.mantissa *= 10;
  };
  refine(a, b);
  refine(b, a);
  const int exponent = std::max(a.exponent, b.exponent);
  for (Amount* amount : {&a, &b}) {
    amount->mantissa = shrink(amount->mantissa, exponent - amount->exponent);
    amount->exponent = exponent;
  }
}

Amount sum(Amount a, Amount b) {
  if (b.mantissa == 0) return a;
  if (a.mantissa == 0) return b;
  align(a, b);
  if (a.negative == b.negative) {
    a.mantissa += b.mantissa;
  } else if (a.mantissa >= b.mantissa) {
    a.mantissa -= b.mantissa;
  } else {
    a.mantissa = b.mantissa - a.mantissa;
    a.negative = b.negative;
  }
  if (a.mantissa == 0) a.negative = false;
  drop_zeros(a);
  return a;
}

Amount amount_of(int64_t value, int exponent, Format format) {
  const Wide size = value < 0 ? -static_cast<Wide>(value) : static_cast<Wide>(value);
  Amount amount{.negative = value < 0, .mantissa = size, .exponent = exponent, .format = format};
  drop_zeros(amount);
  return amount;
}

}  // namespace

std::optional<std::string> canonical_quantity(std::string_view text) {
  const std::optional<Parsed> parsed = parse(text);
  if (!parsed) return std::nullopt;
  return parsed->is_canonical ? std::string(text) : print(parsed->amount);
}

std::optional<int64_t> quantity_value(std::string_view text) { return scaled(text, 0); }
std::optional<int64_t> quantity_milli_value(std::string_view text) { return scaled(text, -3); }

// What is no quantity counts as zero: decoding has refused it.
int compare_quantities(std::string_view a, std::string_view b) {
  const Amount x = parse(a).value_or(Parsed()).amount;
  const Amount y = parse(b).value_or(Parsed()).amount;
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  return x.negative ? -compare_sizes(x, y) : compare_sizes(x, y);
}

std::string add_quantities(std::string_view a, std::string_view b) {
  return print(sum(parse(a).value_or(Parsed()).amount, parse(b).value_or(Parsed()).amount));
}

std::string subtract_quantities(std::string_view a, std::string_view b) {
  Amount less = parse(b).value_or(Parsed()).amount;
  less.negative = !less.negative;
  return print(sum(parse(a).value_or(Parsed()).amount, less));
}

std::string milli_quantity(int64_t milli) { return print(amount_of(milli, -3, Format::kDecimal)); }
std::string bytes_quantity(int64_t bytes) { return print(amount_of(bytes, 0, Format::kBinary)); }

}  // namespace stint
