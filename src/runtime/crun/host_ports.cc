#include "runtime/crun/host_ports.h"

namespace stint::crun {
namespace {

std::string protocol_of(const HostPort& port) { return port.protocol == "UDP" ? "udp" : port.protocol == "SCTP" ? "sctp" : "tcp"; }

std::string destination_of(const HostPort& port) {
  const bool any = port.host_ip.empty() || port.host_ip == "0.0.0.0";
  return any ? "" : "ip daddr " + port.host_ip + " ";
}

}  // namespace

std::string host_port_rules(const std::string& table, const std::vector<PublishedPort>& published) {
  const std::string ports = "ip " + table + " ports";
  std::string script = "add table ip " + table + "; add chain " + ports + "; flush chain " + ports;
  for (const char* hook : {"prerouting", "output"}) {
    const std::string chain = "ip " + table + " " + hook;
    script += "; add chain " + chain + " { type nat hook " + hook + " priority -100; }; flush chain " + chain;
    script += "; add rule " + chain + " fib daddr type local jump ports";
  }
  for (const auto& [port, pod_ip] : published) {
    if (port.host_ip.find(':') != std::string::npos) continue;  // pods have no IPv6
    script += "; add rule " + ports + " " + destination_of(port) + protocol_of(port) + " dport " + std::to_string(port.host_port) +
              " dnat to " + pod_ip + ":" + std::to_string(port.container_port);
  }
  return script;
}

}  // namespace stint::crun
