// Base64: the standard alphabet with padding, as JSON shows bytes, and the one of URLs and tokens. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stint {

void append_base64(std::string_view bytes, std::string& out);
// Line ends are skipped, as Go's decoder does; nothing if anything else is wrong.
std::optional<std::string> decode_base64(std::string_view text);
// The byte that Go's decoder names as wrong: `illegal base64 data at input byte N`. REQUIRES: decode_base64 refuses the text.
size_t base64_fault(std::string_view text);

// The URL-safe alphabet without padding, as tokens use it. Bits left over at the end are not looked at.
void append_base64url(std::string_view bytes, std::string& out);
std::optional<std::string> decode_base64url(std::string_view text);
size_t base64url_fault(std::string_view text);

}  // namespace stint
