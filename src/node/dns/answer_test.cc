#include "node/dns/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/dns/test_objects.h"

namespace stint::dns {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class DnsAnswer : public testing::Test {
 protected:
  void put(const Object& pod) { directory_.pod_changed(nullptr, pod); }
  void put_service(const Object& service) { directory_.service_changed(nullptr, service); }

  Verdict ask(const std::string& name, uint16_t type = kA, uint64_t chance = 0) const {
    return answer({.name = *parse_name(name), .type = type, .klass = kInternet}, directory_, network_, chance);
  }
  // What the records hold, addresses as text; {"NXDOMAIN"} and {"forward"} otherwise.
  std::vector<std::string> found(const std::string& name, uint16_t type = kA, uint64_t chance = 0) const {
    const Verdict verdict = ask(name, type, chance);
    if (std::holds_alternative<Forward>(verdict)) return {"forward"};
    const auto& known = std::get<Answer>(verdict);
    if (known.rcode == Rcode::kNxDomain) return {"NXDOMAIN"};
    std::vector<std::string> texts;
    for (const Record& record : known.records) texts.push_back(record.type == kA ? address_text(record.data) : record.data);
    return texts;
  }
  static std::string address_text(const std::string& data) {
    uint32_t address = 0;
    for (const char c : data) address = address << 8 | static_cast<uint8_t>(c);
    return os::ipv4_text(address);
  }
  static std::string wire_name(const std::string& text) { return pointer_record({}, *parse_name(text)).data; }

  Directory directory_;
  const PodNetwork network_{.host_address = *os::parse_ipv4("10.88.0.1"), .pods = {*os::parse_ipv4("10.88.0.0"), 20}};
};

TEST_F(DnsAnswer, NamesTheWorkersOfAnIndexedJob) {
  put_service(make_service("workers"));
  put(make_pod(0, "10.88.0.5"));
  put(make_pod(1, "10.88.0.6"));
  EXPECT_THAT(found("j-0.workers.ns.svc.cluster.local"), ElementsAre("10.88.0.5"));
  EXPECT_THAT(found("J-1.Workers.ns.svc.Cluster.local."), ElementsAre("10.88.0.6"));
  EXPECT_THAT(found("j-2.workers.ns.svc.cluster.local"), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("j-0.workers.other.svc.cluster.local"), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("workers.ns.svc.cluster.local"), ElementsAre("10.88.0.5", "10.88.0.6"));
  EXPECT_THAT(found("workers.ns.svc.cluster.local", kA, 1), ElementsAre("10.88.0.6", "10.88.0.5")) << "another comes first";
}

TEST_F(DnsAnswer, OtherTypesOfANameAreThereAndEmpty) {
  put_service(make_service("workers"));
  put(make_pod(0, "10.88.0.5"));
  EXPECT_THAT(found("j-0.workers.ns.svc.cluster.local", kAaaa), ElementsAre());
  EXPECT_THAT(found("host.stint.internal", kAaaa), ElementsAre());
  EXPECT_THAT(found("svc.cluster.local"), ElementsAre());
  EXPECT_THAT(found("ns.svc.cluster.local"), ElementsAre());
  EXPECT_THAT(found("j-9.workers.ns.svc.cluster.local", kAaaa), ElementsAre("NXDOMAIN"));
}

TEST_F(DnsAnswer, AServiceMadeAfterItsPodsFindsThem) {
  put(make_pod(0, "10.88.0.5"));
  put_service(make_service("workers"));
  EXPECT_THAT(found("j-0.workers.ns.svc.cluster.local"), ElementsAre("10.88.0.5"));
}

TEST_F(DnsAnswer, OnlyReadyPodsAreToldUnlessTheServiceWantsAll) {
  auto pod = make_pod(0, "10.88.0.5");
  pod->mutable_status()->mutable_conditions(0)->set_status("False");
  auto leaving = make_pod(1, "10.88.0.6");
  leaving->mutable_metadata()->mutable_deletiontimestamp();
  auto ended = make_pod(2, "10.88.0.7");
  ended->mutable_status()->set_phase("Succeeded");
  auto service = make_service("workers");
  put_service(service);
  for (const auto& each : {pod, leaving, ended}) put(each);
  EXPECT_THAT(found("workers.ns.svc.cluster.local"), ElementsAre("NXDOMAIN"));
  auto all = std::make_shared<corev1::Service>(*service);
  all->mutable_spec()->set_publishnotreadyaddresses(true);
  directory_.service_changed(service, all);
  EXPECT_THAT(found("workers.ns.svc.cluster.local"), UnorderedElementsAre("10.88.0.5", "10.88.0.6"));
  EXPECT_THAT(found("j-2.workers.ns.svc.cluster.local"), ElementsAre("NXDOMAIN"));
}

TEST_F(DnsAnswer, APodThatEndedGivesItsNameToTheNext) {
  put_service(make_service("workers"));
  const auto first = make_pod(0, "10.88.0.5");
  put(first);
  auto failed = std::make_shared<corev1::Pod>(*first);
  failed->mutable_status()->set_phase("Failed");
  directory_.pod_changed(first, failed);
  auto next = make_pod(0, "10.88.0.9");
  next->mutable_metadata()->set_name("j-0-other");
  put(next);
  EXPECT_THAT(found("j-0.workers.ns.svc.cluster.local"), ElementsAre("10.88.0.9"));
  directory_.pod_changed(failed, nullptr);
  EXPECT_THAT(found("j-0.workers.ns.svc.cluster.local"), ElementsAre("10.88.0.9"));
  EXPECT_THAT(found("10-88-0-5.ns.pod.cluster.local"), ElementsAre("NXDOMAIN"));
}

TEST_F(DnsAnswer, APodOfAnotherSubdomainHasItsAddressAsLabel) {
  put_service(make_service("workers"));
  put(make_pod(0, "10.88.0.5", "elsewhere"));
  EXPECT_THAT(found("j-0.workers.ns.svc.cluster.local"), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("10-88-0-5.workers.ns.svc.cluster.local"), ElementsAre("10.88.0.5"));
}

TEST_F(DnsAnswer, AServiceWithAnAddressHasItsPodsAllTheSame) {
  put_service(make_service("plain", "10.96.0.7"));
  put(make_pod(0, "10.88.0.5"));
  EXPECT_THAT(found("plain.ns.svc.cluster.local"), ElementsAre("10.88.0.5"));
  auto api = make_service("api", "10.88.0.1");
  api->mutable_spec()->clear_selector();
  put_service(api);
  EXPECT_THAT(found("api.ns.svc.cluster.local"), ElementsAre("10.88.0.1"));
}

TEST_F(DnsAnswer, AnExternalNameStandsForAnother) {
  auto service = make_service("db", "");
  service->mutable_spec()->set_type("ExternalName");
  service->mutable_spec()->set_externalname("db.example.com");
  put_service(service);
  EXPECT_EQ(std::get<Alias>(ask("db.ns.svc.cluster.local")).target, *parse_name("db.example.com"));
  EXPECT_THAT(found("x.db.ns.svc.cluster.local"), ElementsAre("NXDOMAIN"));
}

TEST_F(DnsAnswer, PortsAreFoundByTheirNames) {
  put_service(make_service("workers"));
  put(make_pod(0, "10.88.0.5"));
  const Verdict verdict = ask("_peer._tcp.workers.ns.svc.cluster.local", kSrv);
  const auto& known = std::get<Answer>(verdict);
  ASSERT_EQ(known.records.size(), 1u);
  EXPECT_EQ(known.records[0].data, service_record({}, 7000, *parse_name("j-0.workers.ns.svc.cluster.local")).data);
  ASSERT_EQ(known.additional.size(), 1u);
  EXPECT_EQ(address_text(known.additional[0].data), "10.88.0.5");
  EXPECT_THAT(found("_peer._udp.workers.ns.svc.cluster.local", kSrv), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("_x._tcp.workers.ns.svc.cluster.local", kSrv), ElementsAre("NXDOMAIN"));
}

TEST_F(DnsAnswer, PodsAndTheirAddressesNameEachOther) {
  put_service(make_service("workers"));
  put(make_pod(0, "10.88.0.5"));
  put(make_pod(1, "10.88.0.6", "nowhere"));
  EXPECT_THAT(found("10-88-0-5.ns.pod.cluster.local"), ElementsAre("10.88.0.5"));
  EXPECT_THAT(found("10-88-0-5.other.pod.cluster.local"), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("10-88-0-9.ns.pod.cluster.local"), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("5.0.88.10.in-addr.arpa", kPtr), ElementsAre(wire_name("j-0.workers.ns.svc.cluster.local")));
  EXPECT_THAT(found("6.0.88.10.in-addr.arpa", kPtr), ElementsAre(wire_name("10-88-0-6.ns.pod.cluster.local")));
  EXPECT_THAT(found("1.0.88.10.in-addr.arpa", kPtr), ElementsAre(wire_name("host.stint.internal")));
  EXPECT_THAT(found("9.0.88.10.in-addr.arpa", kPtr), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("8.8.8.8.in-addr.arpa", kPtr), ElementsAre("forward"));
}

TEST_F(DnsAnswer, TheHostHasItsNameAndTheRestIsForOthers) {
  EXPECT_THAT(found("host.stint.internal"), ElementsAre("10.88.0.1"));
  EXPECT_THAT(found("example.com"), ElementsAre("forward"));
  EXPECT_THAT(found("local"), ElementsAre("forward"));
  EXPECT_THAT(found("host.stint.internal.ns.svc.cluster.local"), ElementsAre("NXDOMAIN"));
  EXPECT_THAT(found("x.cluster.local"), ElementsAre("NXDOMAIN"));
  const Verdict chaos = answer({.name = {"version", "bind"}, .type = 16, .klass = 3}, directory_, network_, 0);
  EXPECT_EQ(std::get<Answer>(chaos).rcode, Rcode::kRefused);
}

}  // namespace
}  // namespace stint::dns
