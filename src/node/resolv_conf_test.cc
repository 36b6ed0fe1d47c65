#include "node/resolv_conf.h"

#include <gtest/gtest.h>

#include "node/pod_files.h"

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
  std::vector<std::string> omissions;
  resolv_conf(spec, "ns", {"", ""}, &omissions);
  EXPECT_EQ(omissions,
            std::vector<std::string>{"Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver "
                                     "line is: 1.1.1.1 2.2.2.2 3.3.3.3"});
}

TEST(ResolvConf, SearchesCountUpToTheirNumberAndTheLengthOfTheirLine) {
  corev1::PodSpec spec = with_policy("None");
  for (int i = 0; i < 33; ++i) spec.mutable_dnsconfig()->add_searches("d" + std::to_string(i));
  std::vector<std::string> omissions;
  EXPECT_TRUE(resolv_conf(spec, "ns", {"", ""}, &omissions).ends_with(" d30 d31\n"));
  EXPECT_EQ(omissions.size(), 1u);
  spec.mutable_dnsconfig()->clear_searches();
  for (char c = 'a'; c < 'l'; ++c) spec.mutable_dnsconfig()->add_searches(std::string(200, c));
  const std::string cut = resolv_conf(spec, "ns", {"", ""}, &omissions);
  EXPECT_TRUE(cut.ends_with(" " + std::string(200, 'j') + "\n"));
  EXPECT_EQ(omissions.size(), 1u);
  spec.mutable_dnsconfig()->mutable_searches()->RemoveLast();
  EXPECT_EQ(resolv_conf(spec, "ns", {"", ""}, &omissions), cut);
  EXPECT_TRUE(omissions.empty());
}

TEST(PodHostname, TheKernelsIsTheWholeNameWhereThePodWantsThatAndItFits) {
  corev1::PodSpec spec;
  spec.set_subdomain("sub");
  EXPECT_EQ(*kernel_hostname(spec, "ns", "p"), "p");
  spec.set_sethostnameasfqdn(true);
  EXPECT_EQ(*kernel_hostname(spec, "ns", "p"), "p.sub.ns.svc.cluster.local");
  const auto long_name = kernel_hostname(spec, "ns", std::string(40, 'p'));
  ASSERT_FALSE(long_name);
  EXPECT_EQ(long_name.error().message, "failed to construct FQDN from pod hostname and cluster domain, FQDN " + std::string(40, 'p') +
                                           ".sub.ns.svc.cluster.local is too long (64 characters is the max, 65 characters requested)");
  spec.clear_subdomain();
  EXPECT_EQ(*kernel_hostname(spec, "ns", "p"), "p");
}

}  // namespace
}  // namespace stint
