// The documents by which others check the tokens of ServiceAccounts without asking this server. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "server/auth/service_account_tokens.h"
#include "server/rest/reply.h"

namespace stint::rest {

// Nothing if the path is none of theirs. `address`: "host:port" under which this server is known.
std::optional<Reply> openid_reply(std::string_view path, const ServiceAccountTokens& tokens, std::string_view address);

}  // namespace stint::rest
