#include "server/rest/authentication.h"

#include <cctype>

#include "api/kind.h"

namespace stint::rest {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size() || lower(authorization.substr(0, kScheme.size())) != kScheme) return {};
  std::string_view token = authorization.substr(kScheme.size());
  while (!token.empty() && token.front() == ' ') token.remove_prefix(1);
  return token.substr(0, token.find(' '));
}

// As Go prints such lists; clients see it in one error.
std::string go_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quote(text);
  return "[]string{" + out + "}";
}

std::string go_user(const User& user) {
  std::string extra;
  for (const auto& [key, values] : user.extra) extra += (extra.empty() ? "" : ", ") + quote(key) + ":" + go_list(values);
  return R"(&user.DefaultInfo{Name:"", UID:)" + quote(user.uid) +
         ", Groups:" + (user.groups.empty() ? "[]string(nil)" : go_list(user.groups)) + ", Extra:map[string][]string" +
         (user.extra.empty() ? "(nil)" : "{" + extra + "}") + "}";
}

}  // namespace

Result<User> authenticate(const http::Request& request, Authenticator& authenticator) {
  if (!request.peer_common_name.empty()) {
    return Authenticator::by_certificate(request.peer_common_name, request.peer_organizations, request.peer_certificate_sha256);
  }
  const std::string_view token = bearer_token(request.header("Authorization"));
  if (token.empty()) return Authenticator::anonymous();
  auto known = authenticator.by_token(token);
  // What is wrong with a token is nobody's business but its owner's.
  if (!known) return fail(Reason::kUnauthorized, "Unauthorized");
  return std::move(known->user);
}

Result<std::optional<User>> wanted_user(const http::Headers& headers) {
  constexpr std::string_view kPrefix = "impersonate-", kExtra = "extra-";
  User user;
  bool any = false;
  for (const auto& [header, value] : headers) {
    if (header.size() <= kPrefix.size() || lower(std::string_view(header).substr(0, kPrefix.size())) != kPrefix) continue;
    const std::string what = lower(std::string_view(header).substr(kPrefix.size()));
    if (what == "user" && user.name.empty()) {
      user.name = value;
    } else if (what == "uid" && user.uid.empty()) {
      user.uid = value;
    } else if (what == "group") {
      user.groups.push_back(value);
    } else if (what.starts_with(kExtra)) {
      const std::string key = what.substr(kExtra.size());
      user.extra[http::percent_decode(key).value_or(key)].push_back(value);
    }
    any |= what == "group" || what.starts_with(kExtra);
  }
  if (!user.name.empty()) return user;
  if (!any && user.uid.empty()) return std::nullopt;
  return fail(Reason::kBadRequest, "requested " + go_user(user) + " without impersonating a user name");
}

}  // namespace stint::rest
