#include "node/service_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stint {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

corev1::Service api_service() {
  corev1::Service service;
  service.mutable_metadata()->set_namespace_("default");
  service.mutable_metadata()->set_name("kubernetes");
  service.mutable_spec()->set_clusterip("10.0.0.1");
  auto& port = *service.mutable_spec()->add_ports();
  port.set_name("https");
  port.set_port(443);
  return service;
}

TEST(ServiceEnvironment, TellsAddressAndPorts) {
  Environment environment;
  add_service_variables(api_service(), environment);
  EXPECT_THAT(environment,
              UnorderedElementsAre(Pair("KUBERNETES_SERVICE_HOST", "10.0.0.1"), Pair("KUBERNETES_SERVICE_PORT", "443"),
                                   Pair("KUBERNETES_SERVICE_PORT_HTTPS", "443"), Pair("KUBERNETES_PORT", "tcp://10.0.0.1:443"),
                                   Pair("KUBERNETES_PORT_443_TCP", "tcp://10.0.0.1:443"), Pair("KUBERNETES_PORT_443_TCP_PROTO", "tcp"),
                                   Pair("KUBERNETES_PORT_443_TCP_PORT", "443"), Pair("KUBERNETES_PORT_443_TCP_ADDR", "10.0.0.1")));
}

TEST(ServiceEnvironment, HeadlessServicesHaveNone) {
  corev1::Service service = api_service();
  service.mutable_spec()->set_clusterip("None");
  Environment environment;
  add_service_variables(service, environment);
  EXPECT_THAT(environment, IsEmpty());
}

TEST(ServiceEnvironment, TheApiIsToldEverywhereOthersInTheirNamespace) {
  corev1::Service other = api_service();
  EXPECT_TRUE(is_told(other, "team", false));
  other.mutable_metadata()->set_namespace_("team");
  EXPECT_TRUE(is_told(other, "team", true));
  EXPECT_FALSE(is_told(other, "team", false));
  EXPECT_FALSE(is_told(other, "default", true));
}

}  // namespace
}  // namespace stint
