// From a credential to a user. Static tokens are kept in the clear in memory only. Loop thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/auth/service_account_tokens.h"

namespace stint {

class Authenticator {
 public:
  // REQUIRES: `accounts` outlives it.
  Authenticator(std::map<std::string, User> tokens, ServiceAccountTokens& accounts) : tokens_(std::move(tokens)), accounts_(accounts) {}

  // The user with the group of those who are known. `audiences`: for whom the token must be, empty this server. kUnauthorized, in
  // upstream's words, for any other token.
  Result<Authenticated> by_token(std::string_view token, const std::vector<std::string>& audiences = {});

  // Of a verified certificate: its common name, its organizations, and the hash of the whole.
  static User by_certificate(const std::string& common_name, const std::vector<std::string>& organizations, const std::string& sha256_hex);
  static User anonymous();

 private:
  const User* find_static(std::string_view token) const;

  const std::map<std::string, User> tokens_;
  ServiceAccountTokens& accounts_;
};

}  // namespace stint
