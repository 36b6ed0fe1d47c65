#include "client/fake_client.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"

namespace stint {
namespace {

using namespace std::chrono_literals;

batchv1::Job job(std::string name) {
  batchv1::Job made;
  made.mutable_metadata()->set_namespace_("work");
  made.mutable_metadata()->set_name(std::move(name));
  return made;
}

class FakeClientTest : public testing::Test {
 protected:
  template <class T>
  T await(Task<T> task) {
    Scope scope(loop_);
    Event done(loop_);
    std::optional<T> value;
    scope.spawn(internal::store_result(std::move(task), &value, &done));
    loop_.run_ready();
    return std::move(*value);
  }
  Result<Object> remove(const Kind& kind, std::string name, DeleteRequest options = {.propagation = Propagation::kBackground}) {
    return await(client_.remove(kind, "work", std::move(name), options));
  }

  SimLoop loop_{WallTime{1000s}};
  FakeClient client_{loop_};
};

TEST_F(FakeClientTest, CreatesWithGeneratedNameUidAndGeneration) {
  batchv1::Job asked = job("");
  asked.mutable_metadata()->set_generatename("run-");
  const auto made = await(create(client_, asked));
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->metadata().name().size(), 9u);
  EXPECT_EQ((*made)->metadata().uid().size(), 36u);
  EXPECT_EQ((*made)->metadata().generation(), 1);
  EXPECT_EQ((*made)->metadata().creationtimestamp().seconds(), 1000);
}

TEST_F(FakeClientTest, RefusesASecondObjectOfTheSameName) {
  ASSERT_TRUE(await(create(client_, job("a"))));
  const auto again = await(create(client_, job("a")));
  EXPECT_EQ(again.error().reason, Reason::kAlreadyExists);
  EXPECT_EQ(again.error().message, "jobs.batch \"a\" already exists");
}

TEST_F(FakeClientTest, HoldsUpdatesToTheirResourceVersion) {
  const auto first = await(create(client_, job("a")));
  batchv1::Job next = **first;
  next.mutable_spec()->set_parallelism(5);
  const auto second = await(update(client_, next));
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->metadata().generation(), 2);
  EXPECT_EQ(await(update(client_, next)).error().reason, Reason::kConflict);
  EXPECT_EQ((*await(update(client_, **second)))->metadata().resourceversion(), (*second)->metadata().resourceversion());
}

TEST_F(FakeClientTest, KeepsSpecAndStatusToTheirEndpoints) {
  const auto first = await(create(client_, job("a")));
  batchv1::Job next = **first;
  next.mutable_status()->set_active(3);
  next.mutable_spec()->set_parallelism(5);
  const auto second = await(update(client_, next, "status"));
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->status().active(), 3);
  EXPECT_NE((*second)->spec().parallelism(), 5);
  EXPECT_EQ((*second)->metadata().generation(), 1);
}

TEST_F(FakeClientTest, RemovesAFinalizerByStrategicPatchAndWithItTheDeletedObject) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_namespace_("work");
  pod.mutable_metadata()->set_name("p");
  pod.mutable_metadata()->add_finalizers("batch.kubernetes.io/job-tracking");
  client_.put(pod);
  const Kind& kind = kind_of<corev1::Pod>();
  ASSERT_TRUE(remove(kind, "p"));
  ASSERT_TRUE(client_.find<corev1::Pod>("work", "p"));
  EXPECT_TRUE(is_deleting(*client_.find<corev1::Pod>("work", "p")));
  auto patch = json::parse(R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["batch.kubernetes.io/job-tracking"]}})");
  EXPECT_TRUE(await(client_.patch(kind, "work", "p", PatchType::kStrategic, *patch, "")));
  EXPECT_FALSE(client_.find<corev1::Pod>("work", "p"));
}

TEST_F(FakeClientTest, GivesRunningPodsTheirGrace) {
  corev1::Pod pod;
  pod.mutable_metadata()->set_namespace_("work");
  pod.mutable_metadata()->set_name("p");
  client_.put(pod);
  ASSERT_TRUE(await(client_.bind_pod("work", "p", "", "n1")));
  EXPECT_EQ(await(client_.bind_pod("work", "p", "", "n2")).error().reason, Reason::kConflict);
  const Kind& kind = kind_of<corev1::Pod>();
  ASSERT_TRUE(remove(kind, "p"));
  auto left = client_.find<corev1::Pod>("work", "p");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->metadata().deletiontimestamp().seconds(), 1030);
  ASSERT_TRUE(remove(kind, "p", {.grace_period_seconds = 60}));
  EXPECT_EQ(client_.find<corev1::Pod>("work", "p")->metadata().deletiongraceperiodseconds(), 30);
  ASSERT_TRUE(remove(kind, "p", {.grace_period_seconds = 0}));
  EXPECT_FALSE(client_.find<corev1::Pod>("work", "p"));
}

TEST_F(FakeClientTest, ChecksThePreconditionsOfADeletion) {
  client_.put(job("a"));
  const Kind& kind = kind_of<batchv1::Job>();
  EXPECT_EQ(remove(kind, "a", {.uid = "other"}).error().reason, Reason::kConflict);
  EXPECT_EQ(remove(kind, "b").error().reason, Reason::kNotFound);
  EXPECT_TRUE(remove(kind, "a"));
}

TEST_F(FakeClientTest, FinalizesNamespaces) {
  corev1::Namespace ns;
  ns.mutable_metadata()->set_name("work");
  ns.mutable_spec()->add_finalizers("kubernetes");
  client_.put(ns);
  ASSERT_TRUE(await(client_.remove(kind_of<corev1::Namespace>(), "", "work", {})));
  auto left = client_.find<corev1::Namespace>("", "work");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->status().phase(), "Terminating");
  auto done = std::make_unique<corev1::Namespace>(*left);
  done->mutable_spec()->clear_finalizers();
  EXPECT_TRUE(await(client_.finalize_namespace(std::move(done))));
  EXPECT_FALSE(client_.find<corev1::Namespace>("", "work"));
}

TEST_F(FakeClientTest, RecordsCallsAndFailsOnDemand) {
  client_.set_failures([](std::string_view verb, const Kind&, std::string_view name) -> std::optional<Error> {
    if (verb == "create" && name == "bad") return Error{.reason = Reason::kForbidden, .message = "no"};
    return std::nullopt;
  });
  EXPECT_EQ(await(create(client_, job("bad"))).error().reason, Reason::kForbidden);
  EXPECT_TRUE(await(create(client_, job("good"))));
  EXPECT_EQ(client_.calls(), (std::vector<std::string>{"create jobs work/bad", "create jobs work/good"}));
}

}  // namespace
}  // namespace stint
