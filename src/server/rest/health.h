// /livez, /readyz, /healthz and each check under them. Loop thread only.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "server/rest/query.h"
#include "server/rest/reply.h"
#include "server/rest/rest.h"

namespace stint::rest {

// Nothing when the path is none of health's.
std::optional<Reply> health_reply(std::string_view path, const Query& query, std::span<const HealthCheck> checks);

}  // namespace stint::rest
