// Links, addresses and routes of the calling thread's network namespace, over rtnetlink: no program is run, so a pod's network is ready in
// a millisecond. IPv4. Blocking; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/descriptor.h"

namespace stint::os {

// In host byte order.
struct Ipv4Subnet {
  uint32_t base = 0;
  int prefix_length = 0;
  bool overlaps(const Ipv4Subnet& other) const;
  bool contains(uint32_t address) const { return overlaps({address, 32}); }
  std::string to_string() const;  // "10.88.0.0/16"
};
std::string ipv4_text(uint32_t address);
Result<uint32_t> parse_ipv4(const std::string& text);

class RouteSocket {
 public:
  static Result<RouteSocket> open();

  // kNotFound if there is none.
  Result<int> link_index(const std::string& name);
  // Each is fine if it is so already.
  Result<void> create_bridge(const std::string& name);
  Result<void> set_up(int link);
  Result<void> add_address(int link, uint32_t address, int prefix_length);
  Result<void> add_default_route(uint32_t gateway);
  Result<void> delete_link(const std::string& name);

  // A pair: `name` here, up and in the bridge; `peer_name` in the other namespace, down.
  Result<void> create_veth(const std::string& name, int bridge_link, const std::string& peer_name, int peer_namespace_fd);

 private:
  explicit RouteSocket(Descriptor socket) : socket_(std::move(socket)) {}
  friend class RouteRequest;
  Descriptor socket_;
  uint32_t sequence_ = 0;
};

// Names in /sys/class/net that begin so.
Result<std::vector<std::string>> links_with_prefix(const std::string& prefix);
// Every subnet that this machine has a route to, but the default one; all routing tables' main view (/proc/net/route).
Result<std::vector<Ipv4Subnet>> routed_subnets(const std::string& except_link);
// The subnet of the link that has this address; kNotFound if none has.
Result<Ipv4Subnet> subnet_with(uint32_t own_address);

}  // namespace stint::os
