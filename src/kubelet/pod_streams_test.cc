#include "kubelet/pod_streams.h"

#include <gtest/gtest.h>

#include "remote/remote_command.h"

namespace stint {
namespace {

TEST(PodStreams, AKubeletIsAskedForLogsInItsOwnWords) {
  EXPECT_EQ(log_target("ns", "p", {.container = "c"}), "/containerLogs/ns/p/c");
  LogOptions options{.container = "c", .follow = true, .previous = true, .timestamps = true};
  options.since_seconds = 5;
  options.tail_lines = 0;
  options.limit_bytes = 10;
  EXPECT_EQ(log_target("ns", "p", options),
            "/containerLogs/ns/p/c?follow=true&previous=true&timestamps=true&sinceSeconds=5&tailLines=0&limitBytes=10");
  LogOptions since{.container = "c"};
  since.since_time = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2));
  EXPECT_EQ(log_target("ns", "p", since), "/containerLogs/ns/p/c?sinceTime=2026-01-02T00%3A00%3A00Z");
}

TEST(PodStreams, AKubeletIsAskedForACommandInItsOwnWords) {
  EXPECT_EQ(exec_target("ns", "p", "c", {.command = {"sh", "-c", "a & b"}, .in = true, .out = true, .err = true}),
            "/exec/ns/p/c?command=sh&command=-c&command=a%20%26%20b&input=1&output=1&error=1");
  // A terminal has no standard error of its own.
  EXPECT_EQ(exec_target("ns", "p", "c", {.command = {"sh"}, .out = true, .err = true, .tty = true}),
            "/exec/ns/p/c?command=sh&output=1&tty=1");
}

TEST(PodStreams, AttachAndPortForwardAreAskedForAsTheKubeletHasThem) {
  EXPECT_EQ(attach_target("ns", "p", "c", {.in = true, .out = true, .err = true}, false), "/attach/ns/p/c?input=1&output=1&error=1");
  EXPECT_EQ(attach_target("ns", "p", "c", {.out = true, .err = true}, true), "/attach/ns/p/c?output=1&tty=1");
  EXPECT_EQ(forward_target("ns", "p", 80), "/portForward/ns/p?port=80");
}

corev1::Node node_with(std::initializer_list<std::pair<const char*, const char*>> addresses) {
  corev1::Node node;
  for (const auto& [type, address] : addresses) {
    auto& added = *node.mutable_status()->add_addresses();
    added.set_type(type);
    added.set_address(address);
  }
  return node;
}

TEST(PodStreams, TheKubeletIsAtTheAddressOfTheInside) {
  EXPECT_EQ(address_of_kubelet(node_with({{"Hostname", "n"}, {"ExternalIP", "192.0.2.9"}, {"InternalIP", "10.0.0.2"}})), "10.0.0.2");
  EXPECT_EQ(address_of_kubelet(node_with({{"Hostname", "10.0.0.3"}, {"InternalDNS", "n.local"}})), "10.0.0.3");
  EXPECT_EQ(address_of_kubelet(node_with({{"Hostname", "n"}})), "");
}

}  // namespace
}  // namespace stint
