#include "server/auth/service_account_tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "server/errors.h"
#include "server/metadata.h"

namespace stint {
namespace {

constexpr std::string_view kSecretIssuer = "kubernetes/serviceaccount";
constexpr std::string_view kSecretClaim = "kubernetes.io/serviceaccount/";
constexpr std::string_view kUserExtra = "authentication.kubernetes.io/";
// What clocks may differ by, and how long a token outlives the end of what it is bound to.
constexpr Duration kLeeway = std::chrono::minutes(1);

std::unexpected<Error> refuse(std::string why) { return fail(Reason::kUnauthorized, std::move(why)); }

int64_t seconds_of(WallTime time) { return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count(); }

json::Value reference_value(const TokenReference& reference) {
  json::Members members;
  if (!reference.name.empty()) members["name"] = reference.name;
  if (!reference.uid.empty()) members["uid"] = reference.uid;
  return members;
}

std::optional<TokenReference> reference_at(const json::Value& claims, std::string_view key) {
  const json::Value* found = claims.find(key);
  if (found == nullptr || !found->is_object()) return std::nullopt;
  return TokenReference{.name = std::string(found->string_at("name")), .uid = std::string(found->string_at("uid"))};
}

std::optional<int64_t> integer_at(const json::Value& claims, std::string_view key) {
  const json::Value* found = claims.find(key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->is_int() ? found->as_int() : static_cast<int64_t>(found->as_double());
}

// A list, or one text alone.
std::vector<std::string> audiences_of(const json::Value& claims) {
  std::vector<std::string> audiences;
  const json::Value* found = claims.find("aud");
  if (found == nullptr) return audiences;
  if (found->is_string()) audiences.push_back(found->as_string());
  if (!found->is_array()) return audiences;
  for (const json::Value& one : found->as_array()) {
    if (one.is_string()) audiences.push_back(one.as_string());
  }
  return audiences;
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : " ") + quote(text);
  return "[" + out + "]";
}

std::string account_user_name(std::string_view ns, std::string_view account) {
  return "system:serviceaccount:" + std::string(ns) + ":" + std::string(account);
}

bool is_gone(const Message& object, WallTime now) {
  return is_deleting(object) && from_time(meta(object).deletiontimestamp()) < now - kLeeway;
}

}  // namespace

// What a token says, once its signature is found good.
struct ServiceAccountTokens::Verified {
  TokenClaims claims;
  std::string id;  // "" none
  std::optional<int64_t> not_before, issued_at, expires;
  bool of_secret = false;  // of a Secret, without end
  User user;
};

namespace {

User user_of(const TokenClaims& claims, const std::string& id) {
  User user{.name = account_user_name(claims.ns, claims.account.name),
            .groups = {"system:serviceaccounts", "system:serviceaccounts:" + claims.ns},
            .uid = claims.account.uid};
  const auto add = [&user](std::string_view key, const std::string& value) {
    if (!value.empty()) user.extra[std::string(kUserExtra) + std::string(key)] = {value};
  };
  if (claims.pod) {
    add("pod-name", claims.pod->name);
    add("pod-uid", claims.pod->uid);
  }
  if (claims.node) {
    add("node-name", claims.node->name);
    add("node-uid", claims.node->uid);
  }
  if (!id.empty()) add("credential-id", "JTI=" + id);
  return user;
}

json::Value own_claims(const TokenClaims& claims, WallTime now) {
  json::Members members{{"namespace", claims.ns}};
  if (claims.node) members["node"] = reference_value(*claims.node);
  if (claims.pod) members["pod"] = reference_value(*claims.pod);
  if (claims.secret) members["secret"] = reference_value(*claims.secret);
  members["serviceaccount"] = reference_value(claims.account);
  if (claims.warn_after) members["warnafter"] = seconds_of(now + *claims.warn_after);
  return members;
}

}  // namespace

ServiceAccountTokens::ServiceAccountTokens(Loop& loop, Registry& registry, SigningKey key, std::string issuer)
    : loop_(loop), registry_(registry), key_(std::move(key)), issuer_(std::move(issuer)) {}

Result<ServiceAccountTokens::Issued> ServiceAccountTokens::issue(const TokenClaims& claims) {
  const WallTime now = loop_.now();
  const std::string id = make_uid(loop_.rng());
  json::Array audiences(claims.audiences.begin(), claims.audiences.end());
  const json::Value document = json::Members{{"aud", std::move(audiences)},
                                             {"exp", seconds_of(now + claims.life)},
                                             {"iat", seconds_of(now)},
                                             {"iss", issuer_},
                                             {"jti", id},
                                             {"kubernetes.io", own_claims(claims, now)},
                                             {"nbf", seconds_of(now)},
                                             {"sub", account_user_name(claims.ns, claims.account.name)}};
  TRY(std::string token, key_.sign(document));
  return Issued{.token = std::move(token), .id = "JTI=" + id};
}

Result<std::string> ServiceAccountTokens::issue_for_secret(const corev1::ServiceAccount& account, const std::string& secret) const {
  const std::string prefix(kSecretClaim);
  const metav1::ObjectMeta& meta = account.metadata();
  return key_.sign(json::Members{{"iss", kSecretIssuer},
                                 {prefix + "namespace", meta.namespace_()},
                                 {prefix + "secret.name", secret},
                                 {prefix + "service-account.name", meta.name()},
                                 {prefix + "service-account.uid", meta.uid()},
                                 {"sub", account_user_name(meta.namespace_(), meta.name())}});
}

Result<std::shared_ptr<const ServiceAccountTokens::Verified>> ServiceAccountTokens::read(std::string_view token) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), reinterpret_cast<unsigned char*>(hash.data()));
  if (const auto* known = verified_.find(hash)) return *known;
  TRY(const json::Value document, key_.verify(token));
  auto verified = std::make_shared<Verified>();
  TokenClaims& claims = verified->claims;
  const std::string_view issuer = document.string_at("iss");
  if (issuer == kSecretIssuer) {
    const auto at = [&](std::string_view key) { return std::string(document.string_at(std::string(kSecretClaim) + std::string(key))); };
    verified->of_secret = true;
    claims.ns = at("namespace");
    claims.account = {.name = at("service-account.name"), .uid = at("service-account.uid")};
    claims.secret = TokenReference{.name = at("secret.name"), .uid = ""};
  } else if (const json::Value* own = document.find("kubernetes.io"); issuer == issuer_ && own != nullptr && own->is_object()) {
    claims.ns = own->string_at("namespace");
    claims.account = reference_at(*own, "serviceaccount").value_or(TokenReference());
    claims.pod = reference_at(*own, "pod");
    claims.secret = reference_at(*own, "secret");
    claims.node = reference_at(*own, "node");
    verified->id = document.string_at("jti");
  } else {
    return std::shared_ptr<const Verified>();
  }
  claims.audiences = audiences_of(document);
  verified->not_before = integer_at(document, "nbf");
  verified->issued_at = integer_at(document, "iat");
  verified->expires = integer_at(document, "exp");
  verified->user = user_of(claims, verified->id);
  verified_.touch(hash) = verified;
  return std::shared_ptr<const Verified>(std::move(verified));
}

Result<void> ServiceAccountTokens::check_times(const Verified& claims) const {
  const int64_t now = seconds_of(loop_.now());
  constexpr int64_t kLeewaySeconds = std::chrono::duration_cast<std::chrono::seconds>(kLeeway).count();
  if (claims.not_before && now + kLeewaySeconds < *claims.not_before) return refuse("service account token is not valid yet");
  if (claims.expires && now - kLeewaySeconds > *claims.expires) return refuse("service account token has expired");
  if (claims.issued_at && now + kLeewaySeconds < *claims.issued_at) return refuse("service account token is issued in the future");
  return {};
}

Result<void> ServiceAccountTokens::check_account(const Verified& claims) {
  const std::string& ns = claims.claims.ns;
  const TokenReference& reference = claims.claims.account;
  TRY(const Stored account, registry_.get(kind_of<corev1::ServiceAccount>(), ns, reference.name));
  const std::string& uid = meta(*account.object).uid();
  const std::string word = claims.of_secret ? "ServiceAccount" : "service account";
  if (uid != reference.uid) return refuse(word + " UID (" + uid + ") does not match claim (" + reference.uid + ")");
  if (is_gone(*account.object, loop_.now())) return refuse(word + " " + ns + "/" + reference.name + " has been deleted");
  return {};
}

Result<void> ServiceAccountTokens::check_bound(const Kind& kind, std::string_view word, std::string_view ns,
                                               const TokenReference& reference) {
  TRY(const auto found, registry_.find(kind, ns, reference.name));
  if (!found) return refuse("service account token has been invalidated");
  if (const std::string& uid = meta(*found->object).uid(); uid != reference.uid) {
    // Upstream writes one of them small.
    const std::string shown = word == "secret" ? "secret" : std::string(kind.kind);
    return refuse(shown + " UID (" + uid + ") does not match service account " + std::string(word) + " ref claim (" + reference.uid + ")");
  }
  if (is_gone(*found->object, loop_.now())) return refuse("service account token has been invalidated");
  return {};
}

Result<void> ServiceAccountTokens::check_bound(const Verified& claims) {
  const TokenClaims& token = claims.claims;
  if (token.secret) TRY_VOID(check_bound(kind_of<corev1::Secret>(), "secret", token.ns, *token.secret));
  if (token.pod) return check_bound(kind_of<corev1::Pod>(), "pod", token.ns, *token.pod);
  if (token.node) return check_bound(kind_of<corev1::Node>(), "node", "", *token.node);
  return {};
}

Result<void> ServiceAccountTokens::check_secret_token(const Verified& claims, std::string_view token) {
  TRY(const auto found, registry_.find(kind_of<corev1::Secret>(), claims.claims.ns, claims.claims.secret->name));
  if (!found || is_deleting(*found->object)) return refuse("Token has been invalidated");
  const auto& data = static_cast<const corev1::Secret&>(*found->object).data();
  const auto kept = data.find("token");
  const bool same =
      kept != data.end() && kept->second.size() == token.size() && CRYPTO_memcmp(kept->second.data(), token.data(), token.size()) == 0;
  if (!same) return refuse("Token does not match server's copy");
  return {};
}

Result<std::optional<Authenticated>> ServiceAccountTokens::verify(std::string_view token, const std::vector<std::string>& audiences) {
  TRY(const auto claims, read(token));
  if (claims == nullptr) return std::nullopt;
  return look_into(*claims, token, audiences);
}

Result<Authenticated> ServiceAccountTokens::look_into(const Verified& claims, std::string_view token,
                                                      const std::vector<std::string>& audiences) {
  const std::vector<std::string> own = own_audiences();
  const std::vector<std::string>& named = claims.claims.audiences.empty() ? own : claims.claims.audiences;
  const std::vector<std::string>& wanted = audiences.empty() ? own : audiences;
  Authenticated authenticated;
  for (const std::string& one : named) {
    if (std::ranges::find(wanted, one) != wanted.end()) authenticated.audiences.push_back(one);
  }
  if (authenticated.audiences.empty()) {
    return refuse("token audiences " + quoted_list(named) + " is invalid for the target audiences " + quoted_list(wanted));
  }
  TRY_VOID(check_times(claims));
  if (claims.of_secret) TRY_VOID(check_secret_token(claims, token));
  TRY_VOID(check_account(claims));
  if (!claims.of_secret) TRY_VOID(check_bound(claims));
  authenticated.user = claims.user;
  return authenticated;
}

}  // namespace stint
