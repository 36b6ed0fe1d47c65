// Ports of this machine that lead to pods: the rules of nftables for them, as upstream's runtimes have them set by CNI's portmap. Pure; any
// thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/runtime.h"

namespace stint::crun {

struct PublishedPort {
  HostPort port;
  std::string pod_ip;
};

// A script for nft that replaces all such rules in `table`, of family ip, at once. Who asks for a port of this machine, from outside, from
// a pod or from here (127.0.0.1 too), gets to the pod.
std::string host_port_rules(const std::string& table, const std::vector<PublishedPort>& published);

}  // namespace stint::crun
