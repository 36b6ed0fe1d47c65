// Integers in texts as Go's strconv reads them, with its sentences. Pure; any thread.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

#include "api/go_quote.h"
#include "base/result.h"

namespace stint {

// Decimal. kBadRequest: `strconv.ParseInt: parsing "x": invalid syntax`.
template <class Integer>
Result<Integer> parse_go_integer(std::string_view text) {
  std::string_view digits = text;
  if (std::is_signed_v<Integer> && digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  Integer number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc() && end == digits.data() + digits.size()) return number;
  const bool is_number = error == std::errc::result_out_of_range && end == digits.data() + digits.size();
  return fail(Reason::kBadRequest, std::string("strconv.") + (std::is_signed_v<Integer> ? "ParseInt" : "ParseUint") + ": parsing " +
                                       go_quoted(text) + (is_number ? ": value out of range" : ": invalid syntax"));
}

}  // namespace stint
