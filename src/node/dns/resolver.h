// The name server of this machine's pods, on the address where they find the machine, port 53: names of Services and pods from the
// directory, everything else from the host's resolvers. Only the pods' network may ask. What it does at once is bounded, for all and for
// each client; what is beyond is dropped, and clients ask again. Loop thread only; see docs/adr/0011.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/loop.h"
#include "node/dns/answer.h"
#include "node/dns/directory.h"
#include "node/dns/forwarder.h"
#include "os/descriptor.h"

namespace stint::dns {

struct ResolverOptions {
  std::string address;  // a link's of this machine: the link's subnet is who may ask
  int port = 53;
  std::function<std::vector<os::Endpoint>()> servers;  // the host's resolvers
  // For each of four attempts, so that clients of libc, which wait five seconds, hear of the failure.
  Duration attempt_limit = std::chrono::seconds(1);
};

// How much one client and all of them have under way.
class Bounds {
 public:
  Bounds(int all_max, int each_max) : all_max_(all_max), each_max_(each_max) {}
  class Held {
   public:
    Held(Bounds& bounds, uint32_t client) : bounds_(&bounds), client_(client) {}
    Held(Held&& other) noexcept : bounds_(std::exchange(other.bounds_, nullptr)), client_(other.client_) {}
    Held& operator=(Held&&) = delete;
    ~Held();

   private:
    Bounds* bounds_;
    uint32_t client_;
  };
  // Nothing if there is no room.
  std::optional<Held> take(uint32_t client);

 private:
  const int all_max_, each_max_;
  int all_ = 0;
  std::map<uint32_t, int> each_;
};

class Resolver {
 public:
  static constexpr int kAskedMax = 256, kAskedEachMax = 64;          // queries that wait for the host's resolvers
  static constexpr int kStreamsMax = 64, kStreamsEachMax = 8;        // connections
  static constexpr Duration kStreamLimit = std::chrono::seconds(5);  // for a client to send or to take a message

  // `directory` outlives it.
  Resolver(Loop& loop, const Directory& directory, ResolverOptions options);
  ~Resolver();

  // Takes the port and begins to answer.
  Result<void> start();
  int port() const { return port_; }

 private:
  Task<void> serve_datagrams();
  void datagram_came(os::Datagram datagram);
  Task<void> answer_datagram(Query query, os::Datagram datagram, Verdict verdict, Bounds::Held held);
  Task<void> serve_streams();
  Task<void> serve_stream(os::Caller caller, Bounds::Held held);
  Task<std::string> reply_to(std::string bytes);
  Task<std::string> finish(Query query, std::string bytes, Verdict verdict, Transport transport);
  Task<Answer> follow(Question question, Name target, Transport transport);

  Loop& loop_;
  const Directory& directory_;
  const ResolverOptions options_;
  PodNetwork network_;
  Forwarder forwarder_;
  os::Descriptor datagrams_, streams_;
  int port_ = 0;
  Bounds asked_{kAskedMax, kAskedEachMax}, connected_{kStreamsMax, kStreamsEachMax};
  Scope scope_;  // last: destroyed first
};

}  // namespace stint::dns
