// The users that are nodes: members of system:nodes, named after theirs. Source: upstream's pkg/auth/nodeidentifier. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/auth/user.h"

namespace stint {

inline constexpr std::string_view kNodesGroup = "system:nodes";
inline constexpr std::string_view kNodeUserPrefix = "system:node:";

// Of no node: nothing.
inline std::optional<std::string> node_of(const User& user) {
  if (!user.name.starts_with(kNodeUserPrefix) || !is_member(user, kNodesGroup)) return std::nullopt;
  return user.name.substr(kNodeUserPrefix.size());
}

}  // namespace stint
