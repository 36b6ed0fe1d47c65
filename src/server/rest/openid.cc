#include "server/rest/openid.h"

namespace stint::rest {
namespace {

constexpr std::string_view kKeySet = "/openid/v1/jwks";

Reply document(const json::Value& value, std::string_view content_type) {
  Reply reply = json_reply(json::to_text(value));
  reply.headers[0].second = content_type;
  reply.headers.emplace_back("Cache-Control", "public, max-age=3600");
  return reply;
}

}  // namespace

std::optional<Reply> openid_reply(std::string_view path, const ServiceAccountTokens& tokens, std::string_view address) {
  if (path == kKeySet || path == "/openid/v1/jwks/") return document(tokens.key().key_set(), "application/jwk-set+json");
  if (path != "/.well-known/openid-configuration") return std::nullopt;
  return document(json::Members{{"issuer", tokens.issuer()},
                                {"jwks_uri", "https://" + std::string(address) + std::string(kKeySet)},
                                {"response_types_supported", json::Array{"id_token"}},
                                {"subject_types_supported", json::Array{"public"}},
                                {"id_token_signing_alg_values_supported", json::Array{"ES256"}}},
                  "application/json");
}

}  // namespace stint::rest
