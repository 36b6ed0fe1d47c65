// The Status object: how every error leaves, and how deletes succeed. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "server/server.h"
#include "wire/http.h"

namespace stint::rest {

// Upstream's router answers so to a patch of another type, before it looks at anything else.
inline constexpr std::string_view kUnsupportedPatch = "415: Unsupported Media Type";

// And so to an Accept that names nothing it has.
inline constexpr std::string_view kNoRepresentation = "406: Not Acceptable\n\nAvailable representations: ";

// Compact JSON, no newline.
std::string status_text(const Error& error);
// {"status":"Success"} with the details of what `answer` says went.
std::string success_text(const Kind& kind, const Answer& answer);
metav1::Status status_message(const Kind& kind, const Answer& answer);
metav1::Status failure_message(const Error& error);

// `Warning: 299 - "…"` headers, each text once. Past kWarningRunesMax in all, every text is cut to kWarningRunesCut.
inline constexpr size_t kWarningRunesMax = 4096;
inline constexpr size_t kWarningRunesCut = 256;
void add_warnings(const std::vector<std::string>& warnings, http::Headers& headers);

}  // namespace stint::rest
