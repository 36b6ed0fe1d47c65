// From an HTTP request that names objects to the server's Request: options, body, patch, delete options. Pure; any thread.
#pragma once

#include "server/rest/query.h"
#include "server/rest/request_info.h"
#include "server/server.h"
#include "wire/http.h"

namespace stint::rest {

// Fills what the verb of `request` needs from the query and the body. `request` has verb, kind, ns, name and subresource.
Result<void> decode_request(const http::Request& http, const Query& query, Request& request);

// DeleteOptions from the body or, when that is empty, from the query.
Result<metav1::DeleteOptions> decode_delete_options(const http::Request& http, const Query& query);

}  // namespace stint::rest
