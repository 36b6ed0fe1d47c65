// Times as HTTP's headers write them. Pure; any thread.
#pragma once

#include <string>

#include "base/clock.h"

namespace stint::http {

// "Thu, 01 Jan 2026 00:00:00 GMT"
std::string http_date(WallTime time);

}  // namespace stint::http
