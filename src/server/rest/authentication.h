// Who asks: a verified client certificate, else a static bearer token, else nobody known. Loop thread only.
#pragma once

#include <map>
#include <string>

#include "server/server.h"
#include "wire/http.h"

namespace stint::rest {

inline constexpr std::string_view kAnonymousUser = "system:anonymous";

// The user with the group that says how he came in. kUnauthorized for a token that is not known, even where anonymous would pass.
Result<User> authenticate(const http::Request& request, const std::map<std::string, User>& tokens);

}  // namespace stint::rest
