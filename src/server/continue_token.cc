#include "server/continue_token.h"

#include "api/base64.h"
#include "api/json.h"

namespace stint {

namespace {

constexpr std::string_view kVersion = "meta.k8s.io/v1";
constexpr Revision kLatest = -1;

std::unexpected<Error> bad_token(const std::string& why) { return fail(Reason::kBadRequest, "invalid continue token: " + why); }

}  // namespace

std::string encode_continue_token(const ContinueToken& token) {
  json::Members members;
  members["v"] = kVersion;
  members["rv"] = token.revision.value_or(kLatest);
  members["start"] = token.last_key + '\0';
  std::string text;
  append_base64url(json::to_text(json::Value(std::move(members))), text);
  return text;
}

Result<ContinueToken> decode_continue_token(std::string_view text) {
  const auto bytes = decode_base64url(text);
  if (!bytes) return bad_token("continue key is not valid");
  const auto document = json::parse(*bytes);
  if (!document || !document->is_object()) return bad_token("continue key is not valid");
  if (document->string_at("v") != kVersion) return bad_token("continue key is not valid: server does not recognize this encoded version");
  const json::Value* revision = document->find("rv");
  if (revision == nullptr || !revision->is_int() || revision->as_int() == 0 || revision->as_int() < kLatest) {
    return bad_token("continue key is not valid: incorrect encoded start resourceVersion");
  }
  std::string key(document->string_at("start"));
  if (key.size() < 2 || key.back() != '\0') return bad_token("continue key is not valid: encoded start key");
  key.pop_back();
  ContinueToken token{.last_key = std::move(key)};
  if (revision->as_int() != kLatest) token.revision = revision->as_int();
  return token;
}

}  // namespace stint
