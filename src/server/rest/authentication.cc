#include "server/rest/authentication.h"

#include <openssl/crypto.h>

namespace stint::rest {
namespace {

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != kScheme[i]) return {};
  }
  std::string_view token = authorization.substr(kScheme.size());
  while (!token.empty() && token.front() == ' ') token.remove_prefix(1);
  while (!token.empty() && token.back() == ' ') token.remove_suffix(1);
  return token;
}

// All of them are compared, each in constant time, so that the time taken tells nothing about a token.
const User* find_token(const std::map<std::string, User>& tokens, std::string_view token) {
  const User* found = nullptr;
  for (const auto& [known, user] : tokens) {
    if (known.size() == token.size() && CRYPTO_memcmp(known.data(), token.data(), token.size()) == 0) found = &user;
  }
  return found;
}

User authenticated(User user) {
  user.groups.emplace_back("system:authenticated");
  return user;
}

}  // namespace

Result<User> authenticate(const http::Request& request, const std::map<std::string, User>& tokens) {
  if (!request.peer_common_name.empty()) return authenticated({request.peer_common_name, request.peer_organizations});
  std::string_view token = bearer_token(request.header("Authorization"));
  if (token.empty()) return User{std::string(kAnonymousUser), {"system:unauthenticated"}};
  if (const User* user = find_token(tokens, token)) return authenticated(*user);
  return fail(Reason::kUnauthorized, "Unauthorized");
}

}  // namespace stint::rest
