#include "node/resolv_conf.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

constexpr char kNodeFile[] = "# the office\nsearch office.example. .\nnameserver 1.1.1.1\noptions timeout:1\n";

corev1::PodSpec with_policy(const std::string& policy, bool host_network = false) {
  corev1::PodSpec spec;
  spec.set_dnspolicy(policy);
  spec.set_hostnetwork(host_network);
  return spec;
}

constexpr char kClusterFile[] =
    "search ns.svc.cluster.local svc.cluster.local cluster.local office.example\nnameserver 10.88.0.1\noptions ndots:5\n";

TEST(ResolvConf, ClusterFirstFindsServicesAndThenWhatTheNodeSearches) {
  EXPECT_EQ(resolv_conf(with_policy("ClusterFirst"), "ns", {kNodeFile, "10.88.0.1"}), kClusterFile);
  EXPECT_EQ(resolv_conf(with_policy("ClusterFirstWithHostNet", true), "ns", {kNodeFile, "10.88.0.1"}), kClusterFile);
}

TEST(ResolvConf, PodsOnTheHostsNetworkHaveTheHostsFile) {
  EXPECT_EQ(resolv_conf(with_policy("ClusterFirst", true), "ns", {kNodeFile, "10.88.0.1"}), kNodeFile);
}

TEST(ResolvConf, WithoutAResolverClusterFirstIsDefault) {
  EXPECT_EQ(resolv_conf(with_policy("ClusterFirst"), "ns", {kNodeFile, ""}), kNodeFile);
  EXPECT_EQ(resolv_conf(with_policy("Default"), "ns", {kNodeFile, "10.88.0.1"}), kNodeFile);
}

TEST(ResolvConf, AResolverOnTheNodesLoopbackIsReachedThroughOurs) {
  const PodDns dns{"search a\nnameserver 127.0.0.53\nnameserver 127.0.0.1\nnameserver 9.9.9.9\noptions edns0\n", "10.88.0.1"};
  EXPECT_EQ(resolv_conf(with_policy("Default"), "ns", dns), "search a\nnameserver 10.88.0.1\nnameserver 9.9.9.9\noptions edns0\n");
  EXPECT_EQ(resolv_conf(with_policy("Default", true), "ns", dns), dns.node_file) << "the host's network is its own";
}

TEST(ResolvConf, DnsConfigIsMerged) {
  corev1::PodSpec spec = with_policy("Default");
  spec.mutable_dnsconfig()->add_nameservers("2.2.2.2");
  spec.mutable_dnsconfig()->add_searches("mine");
  auto& option = *spec.mutable_dnsconfig()->add_options();
  option.set_name("ndots");
  option.set_value("3");
  EXPECT_EQ(resolv_conf(spec, "ns", {"search a\nnameserver 1.1.1.1\noptions ndots:5\n", ""}),
            "search a mine\nnameserver 1.1.1.1\nnameserver 2.2.2.2\noptions ndots:3\n");
  spec.set_dnspolicy("ClusterFirst");
  EXPECT_EQ(
      resolv_conf(spec, "ns", {"", "10.88.0.1"}),
      "search ns.svc.cluster.local svc.cluster.local cluster.local mine\nnameserver 10.88.0.1\nnameserver 2.2.2.2\noptions ndots:3\n");
  spec.set_dnspolicy("None");
  EXPECT_EQ(resolv_conf(spec, "ns", {kNodeFile, "10.88.0.1"}), "search mine\nnameserver 2.2.2.2\noptions ndots:3\n");
}

TEST(ResolvConf, OfServersThreeCount) {
  corev1::PodSpec spec = with_policy("None");
  for (const char* server : {"1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"}) spec.mutable_dnsconfig()->add_nameservers(server);
  EXPECT_EQ(resolv_conf(spec, "ns", {"", ""}), "nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\n");
}

}  // namespace
}  // namespace stint
