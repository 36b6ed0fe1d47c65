// Who asks. A plain value.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stint {

struct User {
  std::string name;
  std::vector<std::string> groups;
  std::string uid;
  std::map<std::string, std::vector<std::string>> extra;
  bool operator==(const User&) const = default;
};

inline constexpr std::string_view kAnonymousUser = "system:anonymous";
inline constexpr std::string_view kAuthenticatedGroup = "system:authenticated";
inline constexpr std::string_view kUnauthenticatedGroup = "system:unauthenticated";
// Its members may do everything: no rule is asked.
inline constexpr std::string_view kPrivilegedGroup = "system:masters";
// Names in `extra`.
inline constexpr std::string_view kCredentialId = "authentication.kubernetes.io/credential-id";

inline bool is_member(const User& user, std::string_view group) { return std::ranges::find(user.groups, group) != user.groups.end(); }
inline bool is_privileged(const User& user) { return is_member(user, kPrivilegedGroup); }

}  // namespace stint
