// A fuzz target is one function, `run`, that must return for every input there is: no crash, no finding of a sanitizer, no broken
// claim. Targets are single-threaded.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>

#include "api/kind.h"

namespace stint::fuzz {

void run(std::string_view input);

// Inputs of several parts have lines of `===` between them, so that seeds can be read. Parts that are not there are empty.
template <size_t kCount>
std::array<std::string_view, kCount> parts(std::string_view input) {
  constexpr std::string_view kBetween = "\n===\n";
  std::array<std::string_view, kCount> out;
  for (size_t i = 0; i < kCount; ++i) {
    const size_t end = i + 1 < kCount ? input.find(kBetween) : std::string_view::npos;
    out[i] = input.substr(0, end);
    input = end == std::string_view::npos ? std::string_view() : input.substr(end + kBetween.size());
  }
  return out;
}

// A kind by its name; any other text stands for some kind too, so that few inputs are wasted.
inline const Kind& kind_named(std::string_view name) {
  for (const Kind& kind : kinds()) {
    if (kind.kind == name) return kind;
  }
  return kinds()[name.empty() ? 0 : static_cast<unsigned char>(name[0]) % kinds().size()];
}

// Ends the program when a claim does not hold; what is shown says for what.
inline void expect(bool holds, std::string_view shown = "", std::string_view other = "",
                   std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: a claim does not hold for\n%.*s\n%.*s\n", where.file_name(), where.line(), static_cast<int>(shown.size()),
               shown.data(), static_cast<int>(other.size()), other.data());
  std::abort();
}
inline void expect_equal(std::string_view a, std::string_view b, std::source_location where = std::source_location::current()) {
  expect(a == b, a, b, where);
}

}  // namespace stint::fuzz
