// UTF-8 as Go reads it: one byte at a time becomes U+FFFD where the text is broken. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stint {

// The length of the valid sequence at the front, 0 if there is none. REQUIRES: text is not empty.
inline size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  // The second byte excludes overlong forms, surrogates and what lies above U+10FFFF.
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// The text with what `mend` appends in the place of each broken byte.
template <class Mend>
std::string mended_utf8(std::string_view text, Mend mend) {
  std::string mended;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) {
      mend(static_cast<uint8_t>(text[0]), mended);
    } else {
      mended += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return mended;
}

// The text with U+FFFD for each broken byte.
inline std::string valid_utf8(std::string_view text) {
  return mended_utf8(text, [](uint8_t, std::string& out) { out += "\uFFFD"; });
}

// The code point of the sequence of that length at the front. REQUIRES: the length is utf8_length(text), and not 0.
inline uint32_t utf8_code_point(std::string_view text, size_t length) {
  const auto lead = static_cast<uint8_t>(text[0]);
  uint32_t code = length == 1 ? lead : lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) code = code << 6 | (static_cast<uint8_t>(text[i]) & 0x3F);
  return code;
}

// A code point that is no surrogate.
inline void append_utf8(uint32_t code, std::string& out) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | (code >> 6)), tail(0)};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | (code >> 12)), tail(6), tail(0)};
  } else {
    out += {static_cast<char>(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
  }
}

}  // namespace stint
