// The smaller kinds of the core group, events and leases.
#include "api/core/event_rules.h"
#include "api/events/rules.h"
#include "api/rules_fixture.h"

namespace stint::core {
namespace {

using namespace rules_fixture;

constexpr std::string_view kInvalid = "FieldValueInvalid";
constexpr std::string_view kForbidden = "FieldValueForbidden";

TEST(NamespaceRules, AreActiveFinalizedAndLabelled) {
  Outcome<corev1::Namespace> made = create_yaml<corev1::Namespace>("metadata: {name: space, labels: {kubernetes.io/metadata.name: other}}");
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_EQ(made.object.status().phase(), "Active");
  EXPECT_EQ(made.object.spec().finalizers(0), "kubernetes");
  EXPECT_EQ(made.object.metadata().labels().at("kubernetes.io/metadata.name"), "space");
  Outcome<corev1::Namespace> bare = update_with(made.object, [](corev1::Namespace& next) {
    next.mutable_metadata()->clear_labels();
    next.mutable_spec()->clear_finalizers();
  });
  EXPECT_EQ(bare.object.metadata().labels().size(), 1u);
  EXPECT_EQ(bare.object.spec().finalizers_size(), 1);
  EXPECT_TRUE(create_yaml<corev1::Namespace>("metadata: {name: a.b}").refused("metadata.name", kInvalid));
}

TEST(ConfigMapRules, KeysSizeAndImmutability) {
  EXPECT_TRUE(create_yaml<corev1::ConfigMap>("{metadata: {name: c}, data: {\"a b\": x}}").refused("data[a b]", kInvalid));
  EXPECT_TRUE(create_yaml<corev1::ConfigMap>("{metadata: {name: c}, data: {..a: x}}").refused("data[..a]", kInvalid));
  corev1::ConfigMap big = from_yaml<corev1::ConfigMap>("{metadata: {name: c}}");
  (*big.mutable_data())["k"] = std::string(1024 * 1024 + 1, 'x');
  EXPECT_TRUE(create(big).refused("[]", "FieldValueTooLong"));
  corev1::ConfigMap fixed = create_yaml<corev1::ConfigMap>("{metadata: {name: c}, immutable: true, data: {a: x}}").object;
  EXPECT_TRUE(update_with(fixed, [](corev1::ConfigMap& next) { (*next.mutable_data())["a"] = "y"; }).refused("data", kForbidden));
  EXPECT_TRUE(update_with(fixed, [](corev1::ConfigMap& next) { next.clear_immutable(); }).refused("immutable", kForbidden));
  EXPECT_TRUE(update_with(fixed, [](corev1::ConfigMap& next) { (*next.mutable_metadata()->mutable_labels())["a"] = "b"; }).accepted());
}

TEST(SecretRules, StringDataIsWrittenIntoData) {
  Outcome<corev1::Secret> made = create_yaml<corev1::Secret>("{metadata: {name: s}, stringData: {a: x}}");
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_EQ(made.object.data().at("a"), "x");
  EXPECT_TRUE(made.object.stringdata().empty());
  EXPECT_EQ(made.object.type(), "Opaque");
  EXPECT_TRUE(
      update_with(made.object, [](corev1::Secret& next) { next.set_type("other"); }).refused("type", kInvalid, "field is immutable"));
  EXPECT_TRUE(create_yaml<corev1::Secret>("{metadata: {name: s}, type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: x}}")
                  .refused("data[.dockerconfigjson]", kInvalid));
}

TEST(NodeRules, PrintsStatusRolesAndAddresses) {
  corev1::Node node = from_yaml<corev1::Node>(
      "{metadata: {name: node-1, labels: {node-role.kubernetes.io/worker: \"\"}}, spec: {unschedulable: true}, status: {conditions: "
      "[{type: "
      "Ready, status: \"True\"}], addresses: [{type: InternalIP, address: 10.0.0.1}], nodeInfo: {kubeletVersion: v1.37.2, kernelVersion: "
      "\"6.1\", architecture: amd64}}}");
  node.mutable_metadata()->mutable_creationtimestamp()->set_seconds(1'800'000'000);
  EXPECT_EQ(cells(node, at(1'800'000'010)), (std::vector<std::string>{"node-1", "Ready,SchedulingDisabled", "worker", "10s", "v1.37.2",
                                                                      "10.0.0.1", "<none>", "<unknown>", "6.1 (amd64)", "<unknown>"}));
}

constexpr std::string_view kClassicEvent =
    "{metadata: {name: e}, involvedObject: {kind: Job, namespace: default, name: pi}, reason: SuccessfulCreate, message: \" made it \", "
    "type: Normal, count: 3, source: {component: job-controller}, firstTimestamp: \"2027-01-15T08:00:00Z\", lastTimestamp: "
    "\"2027-01-15T08:01:00Z\"}";

TEST(EventRules, AClassicEventLivesInItsObjectsNamespace) {
  Outcome<corev1::Event> made = create_yaml<corev1::Event>(kClassicEvent);
  EXPECT_TRUE(made.accepted()) << made;
  corev1::Event elsewhere = from_yaml<corev1::Event>(kClassicEvent);
  elsewhere.mutable_involvedobject()->set_namespace_("other");
  EXPECT_TRUE(create(elsewhere).refused("involvedObject.namespace", kInvalid, "does not match event.namespace"));
}

TEST(EventRules, ArePrinted) {
  corev1::Event event = create_yaml<corev1::Event>(kClassicEvent).object;
  EXPECT_EQ(cells(event, at(1'800'000'090)),
            (std::vector<std::string>{"30s", "Normal", "SuccessfulCreate", "job/pi", "", "job-controller", "made it", "90s", "3", "e"}));
}

TEST(EventShapes, SurviveTheConversion) {
  corev1::Event event = create_yaml<corev1::Event>(kClassicEvent).object;
  event.mutable_series()->set_count(4);
  event.mutable_eventtime()->set_seconds(1'800'000'000);
  eventsv1::Event shape;
  events::from_core(event, shape);
  EXPECT_EQ(shape.note(), " made it ");
  EXPECT_EQ(shape.deprecatedcount(), 3);
  corev1::Event back;
  events::to_core(shape, back);
  EXPECT_EQ(json::encode(back), json::encode(event));
}

TEST(EventShapes, TheNewOneIsStrict) {
  constexpr std::string_view kNew =
      "{metadata: {name: e}, regarding: {kind: Job, namespace: default, name: pi}, eventTime: \"2027-01-15T08:00:00.000000Z\", "
      "reportingController: example.com/c, reportingInstance: c-0, action: Create, reason: Made, type: Normal, note: made}";
  Outcome<eventsv1::Event> made = create_yaml<eventsv1::Event>(kNew);
  ASSERT_TRUE(made.accepted()) << made;
  EXPECT_TRUE(update_with(made.object, [](eventsv1::Event& next) { next.set_note("x"); }).refused("message", kInvalid));
  Outcome<eventsv1::Event> series = update_with(made.object, [](eventsv1::Event& next) {
    next.mutable_series()->set_count(2);
    next.mutable_series()->mutable_lastobservedtime()->set_seconds(1'800'000'009);
  });
  EXPECT_TRUE(series.accepted()) << series;
  eventsv1::Event without = from_yaml<eventsv1::Event>(kNew);
  without.clear_eventtime();
  without.set_deprecatedcount(1);
  EXPECT_TRUE(create(without).refused("eventTime", "FieldValueRequired"));
  EXPECT_TRUE(create(without).refused("count", kInvalid, "needs to be unset"));
}

TEST(LeaseRules, HaveADurationAboveZero) {
  EXPECT_TRUE(create_yaml<coordinationv1::Lease>("{metadata: {name: l}, spec: {holderIdentity: a, leaseDurationSeconds: 15}}").accepted());
  EXPECT_TRUE(create_yaml<coordinationv1::Lease>("{metadata: {name: l}, spec: {leaseDurationSeconds: 0}}")
                  .refused("spec.leaseDurationSeconds", kInvalid, "must be greater than 0"));
}

}  // namespace
}  // namespace stint::core
