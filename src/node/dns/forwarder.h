// Asks the host's resolvers what pods ask and we do not know. Each query goes from a socket and under an id of its own, so that nobody
// else's reply is taken for theirs. Loop thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "node/dns/message.h"
#include "os/socket.h"

namespace stint::dns {

enum class Transport { kDatagram, kStream };

class Forwarder {
 public:
  // `servers`: the host's resolvers as they are now, in order. Each has `attempt_limit` to reply.
  Forwarder(Loop& loop, std::function<std::vector<os::Endpoint>()> servers, Duration attempt_limit)
      : loop_(loop), servers_(std::move(servers)), attempt_limit_(attempt_limit) {}

  // The reply to that message, of which `query` is what was read. A client that asks over a stream gets replies that no datagram holds. One
  // of ours that says so if there are no resolvers (Refused) or none replies in time (ServFail).
  Task<std::string> ask(Query query, std::string bytes, Transport transport);
  // What stands behind the target, after the record that says that the name stands for it.
  Task<Answer> follow(Question question, Name target, Transport transport);

 private:
  Loop& loop_;
  const std::function<std::vector<os::Endpoint>()> servers_;
  const Duration attempt_limit_;
};

// The resolvers that the file names, but for one at `own_address`, which would ask us again. Looked at anew when it has changed.
class HostResolvers {
 public:
  HostResolvers(Loop& loop, std::string path, std::string own_address);
  std::vector<os::Endpoint> current();

 private:
  Loop& loop_;
  const std::string path_, own_address_;
  WallTime looked_at_, modified_at_;
  std::vector<os::Endpoint> servers_;
};

}  // namespace stint::dns
