// What both sides of a SPDY/3 connection take as already said when they compress headers. Any thread.
#pragma once

#include <string>

namespace stint::http::spdy {

const std::string& dictionary();

}  // namespace stint::http::spdy
