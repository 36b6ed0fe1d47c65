// What a query is answered with: the names of upstream's DNS specification for Services and pods, and this machine's. Pure.
#pragma once

#include <cstdint>
#include <variant>

#include "node/dns/directory.h"
#include "node/dns/message.h"
#include "os/netlink.h"

namespace stint::dns {

inline constexpr char kClusterDomain[] = "cluster.local";

struct PodNetwork {
  uint32_t host_address = 0;  // of host.stint.internal
  os::Ipv4Subnet pods;
};

// Of a name that is not ours: the host's resolvers know.
struct Forward {};
// A Service that stands for another name: what that has is the answer, after the record that says so.
struct Alias {
  Name target;
};
using Verdict = std::variant<Answer, Forward, Alias>;

// `chance`: which of many comes first, so that clients spread.
Verdict answer(const Question& question, const Directory& directory, const PodNetwork& network, uint64_t chance);

}  // namespace stint::dns
