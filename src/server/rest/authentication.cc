#include "server/rest/authentication.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>

namespace stint::rest {
namespace {

constexpr std::string_view kExtraHeader = "Impersonate-Extra-";

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

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Error may_not_act_for(const User& user, std::string_view resource, const std::string& name) {
  return {.reason = Reason::kForbidden,
          .message = std::string(resource) + " \"" + name + "\" is forbidden: User \"" + user.name + "\" cannot impersonate resource \"" +
                     std::string(resource) + "\" in API group \"\" at the cluster scope"};
}

}  // namespace

Result<User> authenticate(const http::Request& request, const std::map<std::string, User>& tokens) {
  if (!request.peer_common_name.empty()) return authenticated({request.peer_common_name, request.peer_organizations});
  std::string_view token = bearer_token(request.header("Authorization"));
  if (token.empty()) return User{std::string(kAnonymousUser), {"system:unauthenticated"}};
  if (const User* user = find_token(tokens, token)) return authenticated(*user);
  return fail(Reason::kUnauthorized, "Unauthorized");
}

Result<User> impersonated(const http::Request& request, User user) {
  User other{.name = std::string(request.header("Impersonate-User")), .groups = {}};
  bool more = false;
  for (const auto& [name, value] : request.headers) {
    if (same_name(name, "Impersonate-Group")) other.groups.push_back(value);
    more |= same_name(name, "Impersonate-Uid") || same_name(name.substr(0, kExtraHeader.size()), kExtraHeader);
  }
  if (other.name.empty()) {
    if (other.groups.empty() && !more) return user;
    return fail(Reason::kInternalError, "Internal Server Error: the headers impersonate groups or details without a user");
  }
  if (std::ranges::count(user.groups, "system:masters") == 0) return fail(may_not_act_for(user, "users", other.name));
  if (other.name == kAnonymousUser) {
    if (other.groups.empty()) other.groups.emplace_back("system:unauthenticated");
    return other;
  }
  return authenticated(std::move(other));
}

}  // namespace stint::rest
