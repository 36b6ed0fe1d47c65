#include "server/auth/authenticator.h"

#include <openssl/crypto.h>

namespace stint {
namespace {

const std::string kInvalid = "invalid bearer token";

void add_known(User& user) {
  if (!is_member(user, kAuthenticatedGroup)) user.groups.emplace_back(kAuthenticatedGroup);
}

}  // namespace

// All of them are compared, each in constant time, so that the time taken tells nothing about a token.
const User* Authenticator::find_static(std::string_view token) const {
  const User* found = nullptr;
  for (const auto& [known, user] : tokens_) {
    if (known.size() == token.size() && CRYPTO_memcmp(known.data(), token.data(), token.size()) == 0) found = &user;
  }
  return found;
}

Result<Authenticated> Authenticator::by_token(std::string_view token, const std::vector<std::string>& audiences) {
  if (const User* user = find_static(token)) {
    Authenticated known{.user = *user, .audiences = accounts_.own_audiences()};
    if (!audiences.empty()) {
      std::erase_if(known.audiences, [&](const std::string& one) { return std::ranges::find(audiences, one) == audiences.end(); });
    }
    if (known.audiences.empty()) return fail(Reason::kUnauthorized, kInvalid);
    add_known(known.user);
    return known;
  }
  auto account = accounts_.verify(token, audiences);
  // Several ways to read a token have been tried; each has something to say.
  if (!account && account.error().message != kInvalid)
    return fail(Reason::kUnauthorized, "[" + kInvalid + ", " + account.error().message + "]");
  if (!account || !*account) return fail(Reason::kUnauthorized, kInvalid);
  Authenticated known = **std::move(account);
  add_known(known.user);
  return known;
}

User Authenticator::by_certificate(const std::string& common_name, const std::vector<std::string>& organizations,
                                   const std::string& sha256_hex) {
  User user{.name = common_name, .groups = organizations};
  if (!sha256_hex.empty()) user.extra[std::string(kCredentialId)] = {"X509SHA256=" + sha256_hex};
  add_known(user);
  return user;
}

User Authenticator::anonymous() { return {.name = std::string(kAnonymousUser), .groups = {std::string(kUnauthenticatedGroup)}}; }

}  // namespace stint
