// Base64 with the standard alphabet and padding, as JSON shows bytes. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stint {

void append_base64(std::string_view bytes, std::string& out);
// Line ends are skipped, as Go's decoder does; nothing if anything else is wrong.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace stint
