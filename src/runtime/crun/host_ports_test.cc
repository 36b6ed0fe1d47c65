#include "runtime/crun/host_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint::crun {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HostPorts, EachPortLeadsToItsPod) {
  const std::string script =
      host_port_rules("t", {{{.host_ip = "127.0.0.1", .host_port = 80, .container_port = 8080, .protocol = "TCP"}, "10.0.0.2"},
                            {{.host_ip = "0.0.0.0", .host_port = 53, .container_port = 53, .protocol = "UDP"}, "10.0.0.3"}});
  EXPECT_THAT(script, HasSubstr("add rule ip t ports ip daddr 127.0.0.1 tcp dport 80 dnat to 10.0.0.2:8080"));
  EXPECT_THAT(script, HasSubstr("add rule ip t ports udp dport 53 dnat to 10.0.0.3:53"));
}

TEST(HostPorts, TheRulesOfBeforeGo) {
  const std::string script = host_port_rules("t", {});
  EXPECT_THAT(script, HasSubstr("flush chain ip t ports"));
  EXPECT_THAT(script, Not(HasSubstr("dnat")));
}

TEST(HostPorts, AnAddressOfAnotherFamilyHasNoRule) {
  EXPECT_THAT(host_port_rules("t", {{{.host_ip = "::1", .host_port = 1, .container_port = 1, .protocol = "TCP"}, "10.0.0.2"}}),
              Not(HasSubstr("dnat")));
}

}  // namespace
}  // namespace stint::crun
