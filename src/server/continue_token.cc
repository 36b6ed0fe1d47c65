#include "server/continue_token.h"

#include "api/base64.h"
#include "api/go_names.h"
#include "api/json.h"

namespace stint {

namespace {

constexpr std::string_view kVersion = "meta.k8s.io/v1";
constexpr Revision kLatest = -1;

std::unexpected<Error> bad_token(const std::string& why) {
  return fail(Reason::kBadRequest, "invalid continue token: continue key is not valid" + why);
}

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
  if (!bytes) return bad_token(": illegal base64 data at input byte " + std::to_string(base64url_fault(text)));
  const auto document = json::parse(*bytes);
  if (!document) return bad_token(": " + document.error().message);
  if (!document->is_object() && !document->is_null()) {
    return bad_token(": json: cannot unmarshal " + std::string(go_name(*document)) + " into Go value of type storage.continueToken");
  }
  const std::string_view version = document->string_at("v");
  if (version != kVersion) return bad_token(": server does not recognize this encoded version " + std::string(version));
  const json::Value* revision = document->find("rv");
  if (revision == nullptr || !revision->is_int() || revision->as_int() == 0) {
    return bad_token(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  std::string key(document->string_at("start"));
  if (key.empty()) return bad_token(": encoded start key empty (version meta.k8s.io/v1)");
  if (key.size() < 2 || key.back() != '\0') return bad_token(": " + key);
  key.pop_back();
  ContinueToken token{.last_key = std::move(key)};
  if (revision->as_int() > 0) token.revision = revision->as_int();
  return token;
}

}  // namespace stint
