// Go's %q, which upstream's messages use. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace stint {

std::string go_quoted(std::string_view text);

}  // namespace stint
