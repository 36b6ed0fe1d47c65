// The tokens of ServiceAccounts: signed here, and checked against what is in the store now. A token is good as long as its account and the
// object it is bound to are there with the uids that it names. Source: upstream's pkg/serviceaccount. Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/lru_map.h"
#include "server/auth/jwt.h"
#include "server/auth/user.h"
#include "server/registry.h"

namespace stint {

// An object that a token names.
struct TokenReference {
  std::string name, uid;
};
// What a token says.
struct TokenClaims {
  std::string ns;
  TokenReference account;
  std::optional<TokenReference> pod, secret, node;  // bound to one of them; with a pod the node is only told
  std::vector<std::string> audiences;
  Duration life{};
  std::optional<Duration> warn_after;
};

struct Authenticated {
  User user;
  std::vector<std::string> audiences;  // those of the token that were asked for
};

class ServiceAccountTokens {
 public:
  ServiceAccountTokens(Loop& loop, Registry& registry, SigningKey key, std::string issuer);

  struct Issued {
    std::string token;
    std::string id;  // that of the credential
  };
  Result<Issued> issue(const TokenClaims& claims);
  // The text of a Secret's token: it never ends, and is good while the Secret holds it.
  Result<std::string> issue_for_secret(const corev1::ServiceAccount& account, const std::string& secret) const;

  // Nothing: it is no token of this issuer. An error says in upstream's words what is wrong with it. Empty `audiences`: this server's.
  Result<std::optional<Authenticated>> verify(std::string_view token, const std::vector<std::string>& audiences);

  const std::string& issuer() const { return issuer_; }
  // Whom a token is for that names nobody: this server.
  std::vector<std::string> own_audiences() const { return {issuer_}; }
  const SigningKey& key() const { return key_; }

 private:
  // Tokens whose signature was found good; what they say of the world is looked at each time.
  static constexpr size_t kVerifiedMax = 4096;
  struct Verified;

  Result<Authenticated> look_into(const Verified& claims, std::string_view token, const std::vector<std::string>& audiences);
  // Null: the token is not ours.
  Result<std::shared_ptr<const Verified>> read(std::string_view token);
  Result<void> check_times(const Verified& claims) const;
  Result<void> check_account(const Verified& claims);
  Result<void> check_bound(const Verified& claims);
  Result<void> check_bound(const Kind& kind, std::string_view word, std::string_view ns, const TokenReference& reference);
  Result<void> check_secret_token(const Verified& claims, std::string_view token);

  Loop& loop_;
  Registry& registry_;
  SigningKey key_;
  const std::string issuer_;
  LruMap<std::shared_ptr<const Verified>> verified_{kVerifiedMax};  // by a hash of the token
};

}  // namespace stint
