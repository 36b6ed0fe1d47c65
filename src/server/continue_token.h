// Where a list goes on: opaque to clients, in upstream's form, base64url of {"v":"meta.k8s.io/v1","rv":N,"start":"key\u0000"}.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace stint {

struct ContinueToken {
  std::optional<Revision> revision;  // of the first page; none: go on in the latest state
  std::string last_key;              // below the list's prefix, the last one that was shown
};

std::string encode_continue_token(const ContinueToken& token);
// kBadRequest: "invalid continue token: …".
Result<ContinueToken> decode_continue_token(std::string_view text);

}  // namespace stint
