#include "server/testing.h"

namespace stint {
namespace {

using Update = ServerTest;

TEST_F(Update, RefusesAnOutdatedResourceVersion) {
  auto map = object_of<corev1::ConfigMap>(create(config_map("a")));
  (*map.mutable_data())["k"] = "1";
  ASSERT_TRUE(update(map));
  (*map.mutable_data())["k"] = "2";
  const auto answer = update(map);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kConflict);
  EXPECT_EQ(answer.error().message,
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest "
            "version and "
            "try again");
}

TEST_F(Update, TakesAnyVersionWithoutAResourceVersion) {
  ASSERT_TRUE(create(config_map("a")));
  corev1::ConfigMap map = config_map("a");
  (*map.mutable_data())["k"] = "1";
  const auto answer = update(map);
  EXPECT_EQ(object_of<corev1::ConfigMap>(answer).data().at("k"), "1");
  EXPECT_FALSE(object_of<corev1::ConfigMap>(answer).metadata().uid().empty());
}

TEST_F(Update, WritesNothingWhenNothingChanges) {
  const auto map = object_of<corev1::ConfigMap>(create(config_map("a")));
  const Revision before = store_->revision();
  const auto answer = update(map);
  EXPECT_EQ(object_of<corev1::ConfigMap>(answer).metadata().resourceversion(), map.metadata().resourceversion());
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(Update, RaisesTheGenerationOnlyWithTheSpec) {
  auto one = object_of<batchv1::Job>(create(job("a")));
  EXPECT_EQ(one.metadata().generation(), 1);
  (*one.mutable_metadata()->mutable_labels())["x"] = "y";
  one = object_of<batchv1::Job>(update(one));
  EXPECT_EQ(one.metadata().generation(), 1);
  one.mutable_spec()->set_parallelism(3);
  one = object_of<batchv1::Job>(update(one));
  EXPECT_EQ(one.metadata().generation(), 2);
  one.mutable_metadata()->set_generation(77);
  one.mutable_spec()->set_parallelism(4);
  one = object_of<batchv1::Job>(update(one));
  EXPECT_EQ(one.metadata().generation(), 3);
}

TEST_F(Update, KeepsStatusAndSpecApart) {
  auto one = object_of<batchv1::Job>(create(job("a")));
  one.mutable_status()->set_active(1);
  one.mutable_spec()->set_parallelism(2);
  auto main = object_of<batchv1::Job>(update(one));
  EXPECT_EQ(main.spec().parallelism(), 2);
  EXPECT_EQ(main.status().active(), 0);
  main.mutable_status()->mutable_starttime()->set_seconds(1'800'000'000);
  main.mutable_status()->set_active(1);
  main.mutable_spec()->set_parallelism(5);
  const auto answer = update(main, "status");
  EXPECT_EQ(object_of<batchv1::Job>(answer).status().active(), 1);
  EXPECT_EQ(object_of<batchv1::Job>(answer).spec().parallelism(), 2);
  EXPECT_EQ(object_of<batchv1::Job>(answer).metadata().generation(), 2);
}

TEST_F(Update, RefusesAnotherUid) {
  auto map = object_of<corev1::ConfigMap>(create(config_map("a")));
  map.mutable_metadata()->set_uid("0");
  const auto answer = update(map);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kConflict);
  EXPECT_NE(answer.error().message.find("Precondition failed: UID in precondition: 0"), std::string::npos);
}

TEST_F(Update, CreatesALeaseThatIsAbsentButNoConfigMap) {
  coordinationv1::Lease lease;
  lease.mutable_metadata()->set_name("node-1");
  EXPECT_EQ(update(lease).value().code, 201);
  const auto answer = update(config_map("a"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "configmaps \"a\" not found");
}

TEST_F(Update, RunsPatchesAtTheSameTimeOneAfterTheOther) {
  ASSERT_TRUE(create(config_map("a")));
  Scope scope(loop_);
  std::vector<std::optional<Result<Answer>>> answers(20);
  std::vector<std::unique_ptr<Event>> done;
  for (int i = 0; i < 20; ++i) {
    Request one = request<corev1::ConfigMap>(Verb::kPatch, "a");
    one.patch = PatchBody{.type = PatchType::kMerge, .patch = json::parse("{\"data\":{\"k" + std::to_string(i) + "\":\"v\"}}").value()};
    done.push_back(std::make_unique<Event>(loop_));
    scope.spawn(internal::store_result(server_->handle(std::move(one)), &answers[i], done.back().get()));
  }
  loop_.run_ready();
  for (const auto& answer : answers) EXPECT_TRUE(answer.value());
  EXPECT_EQ(object_of<corev1::ConfigMap>(get<corev1::ConfigMap>("a")).data_size(), 20);
}

TEST_F(Update, TakesTheThreeKindsOfPatch) {
  ASSERT_TRUE(create(config_map("a")));
  EXPECT_TRUE(patch<corev1::ConfigMap>("a", PatchType::kMerge, R"({"data":{"a":"1"}})"));
  EXPECT_TRUE(patch<corev1::ConfigMap>("a", PatchType::kJson, R"([{"op":"add","path":"/data/b","value":"2"}])"));
  const auto answer = patch<corev1::ConfigMap>("a", PatchType::kStrategic, R"({"data":{"a":null},"metadata":{"finalizers":["x.io/y"]}})");
  const auto& map = object_of<corev1::ConfigMap>(answer);
  EXPECT_EQ(map.data_size(), 1);
  EXPECT_EQ(map.data().at("b"), "2");
  EXPECT_EQ(map.metadata().finalizers_size(), 1);
}

TEST_F(Update, RefusesAPatchMadeForAnotherVersion) {
  ASSERT_TRUE(create(config_map("a")));
  const auto answer = patch<corev1::ConfigMap>("a", PatchType::kMerge, R"({"metadata":{"resourceVersion":"1"},"data":{"a":"1"}})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kConflict);
}

TEST_F(Update, RefusesAPatchWithUnknownFieldsWhenStrict) {
  ASSERT_TRUE(create(job("a")));
  Request one = request<batchv1::Job>(Verb::kPatch, "a");
  one.patch = PatchBody{.type = PatchType::kMerge, .patch = json::parse(R"({"spec":{"foo":1}})").value()};
  one.field_validation = FieldValidation::kStrict;
  const auto answer = handle(std::move(one));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().http_status(), 422);
  ASSERT_EQ(answer.error().causes.size(), 1);
  EXPECT_EQ(answer.error().causes[0].field, "patch");
}

TEST_F(Update, BindsAPodOnce) {
  ASSERT_TRUE(create(pod("a")));
  const auto bind = [&](std::string node) {
    auto binding = std::make_unique<corev1::Binding>();
    binding->mutable_metadata()->set_name("a");
    binding->mutable_target()->set_name(std::move(node));
    Request one = request<corev1::Pod>(Verb::kCreate, "a");
    one.subresource = "binding";
    one.body.message = std::move(binding);
    return handle(std::move(one));
  };
  const auto first = bind("n1");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->code, 201);
  const auto bound = get<corev1::Pod>("a");
  EXPECT_EQ(object_of<corev1::Pod>(bound).spec().nodename(), "n1");
  const auto& conditions = object_of<corev1::Pod>(bound).status().conditions();
  ASSERT_EQ(conditions.size(), 1);
  EXPECT_EQ(conditions[0].type() + "=" + conditions[0].status(), "PodScheduled=True");
  const auto again = bind("n2");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "Operation cannot be fulfilled on pods/binding \"a\": pod a is already assigned to node \"n1\"");
}

TEST_F(Update, ShowsAnEventInBothShapes) {
  corev1::Event event;
  event.mutable_metadata()->set_name("e");
  event.mutable_involvedobject()->set_kind("Job");
  event.mutable_involvedobject()->set_namespace_("default");
  event.mutable_involvedobject()->set_name("a");
  event.set_reason("Started");
  event.set_message("hello");
  event.set_type("Normal");
  ASSERT_TRUE(create(event));
  Request one = request<eventsv1::Event>(Verb::kGet, "e");
  const auto answer = handle(std::move(one));
  EXPECT_EQ(object_of<eventsv1::Event>(answer).note(), "hello");
  EXPECT_EQ(object_of<eventsv1::Event>(answer).regarding().name(), "a");
}

}  // namespace
}  // namespace stint
