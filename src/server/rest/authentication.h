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

// The user whom the Impersonate-* headers name, if the one who asks may act for others; without such headers `user` himself.
Result<User> impersonated(const http::Request& request, User user);

}  // namespace stint::rest
