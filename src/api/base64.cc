#include "api/base64.h"

#include <array>
#include <cstdint>

namespace stint {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> kDigits = [] {
  std::array<int8_t, 256> digits;
  digits.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  return digits;
}();

constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

// Of a group whose padding begins at `at`.
size_t padding_fault(std::string_view text, size_t at, size_t digits) {
  if (digits < 2) return at;
  const auto after = [&](size_t i) {
    do ++i;
    while (i < text.size() && is_line_end(text[i]));
    return i;
  };
  size_t next = after(at);
  if (digits == 2) {
    if (next >= text.size()) return text.size();
    if (text[next] != '=') return next - 1;
    next = after(next);
  }
  return next;
}

}  // namespace

void append_base64(std::string_view bytes, std::string& out) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes.remove_prefix(bytes.size() < 3 ? bytes.size() : 3)) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0);
    for (size_t i = 0; i < 4; ++i) out += i > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * i) & 63];
  }
}

size_t base64_fault(std::string_view text) {
  size_t digits = 0;  // of the group being read
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_line_end(text[i])) continue;
    if (text[i] == '=') return padding_fault(text, i, digits);
    if (kDigits[static_cast<uint8_t>(text[i])] < 0) return i;
    digits = (digits + 1) % 4;
  }
  return text.size() - digits;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=' && digits >= 2 && digits + padding < 4) {
      ++padding;
      continue;
    }
    const int8_t digit = kDigits[static_cast<uint8_t>(c)];
    if (digit < 0 || padding > 0) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(digit);
    if (++digits < 4) continue;
    out += {static_cast<char>(group >> 16), static_cast<char>(group >> 8), static_cast<char>(group)};
    group = 0;
    digits = 0;
  }
  if (digits == 0) return out;
  if (digits + padding != 4) return std::nullopt;
  group <<= 6 * padding;
  out += static_cast<char>(group >> 16);
  if (digits == 3) out += static_cast<char>(group >> 8);
  return out;
}

void append_base64url(std::string_view bytes, std::string& out) {
  uint32_t bits = 0;
  int count = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += kUrlAlphabet[bits >> count & 63];
    }
  }
  if (count > 0) out += kUrlAlphabet[bits << (6 - count) & 63];
}

size_t base64url_fault(std::string_view text) {
  const size_t strange = text.find_first_not_of(kUrlAlphabet);
  return strange != std::string_view::npos ? strange : text.size() - text.size() % 4;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  if (text.size() % 4 == 1) return std::nullopt;
  uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const size_t value = kUrlAlphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 255);
  }
  return bytes;
}

}  // namespace stint
