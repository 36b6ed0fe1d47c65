#include <array>

#include "api/json.h"
#include "api/utf8.h"

namespace stint::json {
namespace {

// Bytes that stand as they are: printable ASCII but the quote, the backslash and what could end a script element in HTML.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  return plain;
}();

void append_escape(unsigned char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out.append("\\u00") += {kHex[c >> 4], kHex[c & 15]};
  }
}

}  // namespace

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && kPlain[static_cast<unsigned char>(text[plain])]) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, length);
    if (length == 0) {
      out += "\\ufffd";
    } else if (length == 1) {
      append_escape(static_cast<unsigned char>(text[0]), out);
    } else if (sequence == "\u2028") {  // line ends in JavaScript
      out += "\\u2028";
    } else if (sequence == "\u2029") {
      out += "\\u2029";
    } else {
      out += sequence;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace stint::json
