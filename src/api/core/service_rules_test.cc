#include "api/core/service_addresses.h"
#include "api/rules_fixture.h"

namespace stint {
namespace {

using namespace rules_fixture;
using core::ServiceNumbers;

constexpr const char* kInvalid = "FieldValueInvalid";
constexpr const char* kForbidden = "FieldValueForbidden";

// As the server takes it: defaults, addresses, rules.
Outcome<corev1::Service> made(std::string_view text, const ServiceNumbers& taken = {}) {
  auto service = from_yaml<corev1::Service>(text);
  FieldErrors errors;
  kind_of<corev1::Service>().rules->set_defaults(service);
  core::assign_service_addresses(service, nullptr, taken, [] { return uint64_t{0}; }, errors);
  if (!errors.empty()) return {service, errors};
  return create(std::move(service));
}

Outcome<corev1::Service> changed(const corev1::Service& old, corev1::Service next) {
  FieldErrors errors;
  kind_of<corev1::Service>().rules->set_defaults(next);
  core::assign_service_addresses(next, &old, {}, [] { return uint64_t{0}; }, errors);
  if (!errors.empty()) return {next, errors};
  return update(old, std::move(next));
}

constexpr std::string_view kPlain = "{metadata: {name: a}, spec: {selector: {app: x}, ports: [{port: 80}]}}";

TEST(ServiceRules, APlainServiceIsCompletedAsUpstreamDoes) {
  const auto outcome = made(kPlain);
  ASSERT_TRUE(outcome.accepted()) << outcome;
  EXPECT_EQ(json::encode(outcome.object.spec()),
            R"({"ports":[{"protocol":"TCP","port":80,"targetPort":80}],"selector":{"app":"x"},"clusterIP":"10.96.1.0",)"
            R"("clusterIPs":["10.96.1.0"],"type":"ClusterIP","sessionAffinity":"None","ipFamilies":["IPv4"],)"
            R"("ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster"})");
  EXPECT_EQ(cells(outcome.object, at(1'800'000'005)),
            (std::vector<std::string>{"a", "ClusterIP", "10.96.1.0", "<none>", "80/TCP", "5s", "app=x"}));
}

TEST(ServiceRules, AddressesAndNodePortsDoNotRepeat) {
  ServiceNumbers taken;
  taken.addresses = {"10.96.1.0", "10.96.0.7"};
  taken.node_ports = {30000};
  const auto next =
      made("{metadata: {name: a}, spec: {type: NodePort, ports: [{name: x, port: 80}, {name: z, port: 80, protocol: UDP}]}}", taken);
  ASSERT_TRUE(next.accepted()) << next;
  EXPECT_EQ(next.object.spec().clusterip(), "10.96.1.1");
  EXPECT_EQ(next.object.spec().ports(0).nodeport(), 30001);
  EXPECT_EQ(next.object.spec().ports(1).nodeport(), 30001);
  const auto asked = made("{metadata: {name: a}, spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}}", taken);
  EXPECT_TRUE(
      asked.refused("spec.clusterIPs", kInvalid, R"(["10.96.0.7"]: failed to allocate IP 10.96.0.7: provided IP is already allocated)"))
      << asked;
  EXPECT_TRUE(made("{metadata: {name: a}, spec: {clusterIP: 1.2.3.4, ports: [{port: 80}]}}")
                  .refused("spec.clusterIPs", kInvalid, "not in the valid range"));
  const auto port = made("{metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30000}]}}", taken);
  EXPECT_TRUE(port.refused("spec.ports[0].nodePort", kInvalid, "30000: provided port is already allocated")) << port;
}

TEST(ServiceRules, HeadlessServicesHaveNoAddress) {
  const auto outcome = made("{metadata: {name: a}, spec: {clusterIP: None, selector: {app: x}}}");
  ASSERT_TRUE(outcome.accepted()) << outcome;
  EXPECT_EQ(outcome.object.spec().clusterips(0), "None");
  EXPECT_EQ(outcome.object.spec().ipfamilypolicy(), "SingleStack");
  const auto free = made("{metadata: {name: a}, spec: {clusterIP: None}}");
  EXPECT_EQ(free.object.spec().ipfamilypolicy(), "RequireDualStack");
  EXPECT_EQ(free.object.spec().ipfamilies_size(), 2);
  const auto odd = made("{metadata: {name: a}, spec: {clusterIP: None, type: NodePort, ports: [{port: 1}]}}");
  EXPECT_TRUE(odd.refused("spec.clusterIPs[0]", kInvalid, "may not be set to 'None' for NodePort services")) << odd;
}

TEST(ServiceRules, ExternalNamesAreNamesOnly) {
  const auto outcome = made("{metadata: {name: a}, spec: {type: ExternalName, externalName: example.org}}");
  ASSERT_TRUE(outcome.accepted()) << outcome;
  EXPECT_EQ(json::encode(outcome.object.spec()), R"({"type":"ExternalName","sessionAffinity":"None","externalName":"example.org"})");
  EXPECT_TRUE(made("{metadata: {name: a}, spec: {type: ExternalName}}").refused("spec.externalName", "FieldValueRequired"));
}

TEST(ServiceRules, PortsAreChecked) {
  const auto outcome = made(R"(
metadata: {name: a}
spec: {ports: [{port: 0, targetPort: A_b}, {name: x, port: 80, nodePort: 30000}, {name: x, port: 80}]})");
  EXPECT_TRUE(outcome.refused("spec.ports[0].name", "FieldValueRequired")) << outcome;
  EXPECT_TRUE(outcome.refused("spec.ports[0].port", kInvalid));
  EXPECT_TRUE(outcome.refused("spec.ports[0].targetPort", kInvalid));
  EXPECT_TRUE(outcome.refused("spec.ports[1].nodePort", kForbidden, "may not be used when `type` is 'ClusterIP'"));
  EXPECT_TRUE(outcome.refused("spec.ports[2].name", "FieldValueDuplicate"));
  EXPECT_TRUE(outcome.refused("spec.ports[2]", "FieldValueDuplicate"));
  EXPECT_TRUE(made("{metadata: {name: a}}").refused("spec.ports", "FieldValueRequired"));
}

TEST(ServiceRules, AnUpdateKeepsWhatWasChosen) {
  const corev1::Service old = made(kPlain).object;
  auto again = from_yaml<corev1::Service>(kPlain);
  *again.mutable_metadata() = old.metadata();
  const auto outcome = changed(old, again);
  ASSERT_TRUE(outcome.accepted()) << outcome;
  EXPECT_EQ(outcome.object.spec().clusterip(), "10.96.1.0");
  again.mutable_spec()->set_clusterip("10.96.0.9");
  EXPECT_TRUE(changed(old, again).refused("spec.clusterIPs[0]", kInvalid, R"(["10.96.0.9"]: may not change once set)"));
}

TEST(ServiceRules, FieldsOfTheOldTypeGoWithIt) {
  const corev1::Service old = made("{metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80}]}}").object;
  corev1::Service next = old;
  next.mutable_spec()->set_type("ClusterIP");
  const auto outcome = changed(old, next);
  ASSERT_TRUE(outcome.accepted()) << outcome;
  EXPECT_EQ(outcome.object.spec().ports(0).nodeport(), 0);
  EXPECT_EQ(outcome.object.spec().externaltrafficpolicy(), "");
  next = old;
  next.mutable_spec()->set_type("ExternalName");
  next.mutable_spec()->set_externalname("example.org");
  const auto named = changed(old, next);
  EXPECT_TRUE(named.accepted()) << named;
  EXPECT_EQ(named.object.spec().clusterips_size(), 0);
}

TEST(ServiceRules, ALoadBalancerWaitsForAnAddress) {
  const auto outcome = made("{metadata: {name: a}, spec: {type: LoadBalancer, ports: [{port: 80}]}}");
  ASSERT_TRUE(outcome.accepted()) << outcome;
  EXPECT_EQ(cells(outcome.object, at(1'800'000'005))[3], "<pending>");
  EXPECT_EQ(cells(outcome.object, at(1'800'000'005))[4], "80:30000/TCP");
  EXPECT_TRUE(outcome.object.spec().allocateloadbalancernodeports());
}

}  // namespace
}  // namespace stint
