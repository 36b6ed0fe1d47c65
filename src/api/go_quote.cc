#include "api/go_quote.h"

#include <cstdio>

#include "api/utf8.h"

namespace stint {
namespace {

void append_control(unsigned char c, std::string& out) {
  constexpr std::string_view kNamed = "\a\b\t\n\v\f\r";
  constexpr std::string_view kLetters = "abtnvfr";
  if (const size_t at = kNamed.find(static_cast<char>(c)); at != std::string_view::npos) {
    out += {'\\', kLetters[at]};
    return;
  }
  char buffer[8];
  std::snprintf(buffer, sizeof buffer, "\\x%02x", c);
  out += buffer;
}

}  // namespace

std::string go_quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const unsigned char c = static_cast<unsigned char>(text[0]);
    const size_t length = utf8_length(text);
    if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else if (length == 0 || c < 0x20 || c == 0x7f) {
      append_control(c, out);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out += '"';
}

}  // namespace stint
