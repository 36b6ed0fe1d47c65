// /etc/resolv.conf: the node's, and the one that a pod sees. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "api/types.h"

namespace stint {

struct ResolvConf {
  std::vector<std::string> servers, searches, options;
};
ResolvConf parse_resolv_conf(const std::string& text);
std::string print(const ResolvConf& file);

struct PodDns {
  std::string node_file;  // the node's own
  std::string server;     // the address of the pods' resolver; "" if there is none
};

// Whether the pod is to find Services by their names.
bool wants_cluster_names(const corev1::PodSpec& spec);
// By the pod's dnsPolicy, with dnsConfig merged; with dnsPolicy None dnsConfig alone. Without a resolver ClusterFirst is Default. What is
// past the limits is left out; `omissions`, if given, gets what DNSConfigForming says of that.
std::string resolv_conf(const corev1::PodSpec& spec, const std::string& ns, const PodDns& dns,
                        std::vector<std::string>* omissions = nullptr);

}  // namespace stint
