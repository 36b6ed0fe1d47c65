// What a request's connection and headers say of who asks, and as whom he wants to act. Loop thread only.
#pragma once

#include <optional>

#include "server/auth/authenticator.h"
#include "wire/http.h"

namespace stint::rest {

// A verified client certificate, else a bearer token, else nobody known. kUnauthorized for a token that is not known, even where anonymous
// would pass.
Result<User> authenticate(const http::Request& request, Authenticator& authenticator);

// The user whom the Impersonate-* headers name, with nothing filled in; nothing without such headers. kBadRequest when they name no user.
Result<std::optional<User>> wanted_user(const http::Headers& headers);

}  // namespace stint::rest
