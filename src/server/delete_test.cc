#include "server/testing.h"

namespace stint {
namespace {

class Delete : public ServerTest {
 protected:
  void run_pod_on_node(const std::string& name, int64_t grace = 30) {
    corev1::Pod one = pod(name);
    one.mutable_spec()->set_nodename("n1");
    one.mutable_spec()->set_terminationgraceperiodseconds(grace);
    ASSERT_TRUE(create(one));
  }
  bool is_gone(const Result<Answer>& answer) { return !answer && answer.error().reason == Reason::kNotFound; }
};

TEST_F(Delete, AnswersWithAStatusThatNamesWhatWent) {
  const auto made = create(config_map("a"));
  const auto answer = remove<corev1::ConfigMap>("a");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_status);
  EXPECT_EQ(answer->status_name, "a");
  EXPECT_EQ(answer->status_uid, object_of<corev1::ConfigMap>(made).metadata().uid());
  EXPECT_TRUE(is_gone(get<corev1::ConfigMap>("a")));
  EXPECT_TRUE(is_gone(remove<corev1::ConfigMap>("a")));
}

TEST_F(Delete, WaitsForFinalizersAndEndsWithTheLastOne) {
  corev1::ConfigMap map = config_map("a");
  map.mutable_metadata()->add_finalizers("x.io/y");
  ASSERT_TRUE(create(map));
  auto going = object_of<corev1::ConfigMap>(remove<corev1::ConfigMap>("a"));
  EXPECT_TRUE(going.metadata().has_deletiontimestamp());
  EXPECT_EQ(going.metadata().deletiongraceperiodseconds(), 0);
  const Revision before = store_->revision();
  ASSERT_TRUE(remove<corev1::ConfigMap>("a"));
  EXPECT_EQ(store_->revision(), before);
  going.mutable_metadata()->clear_finalizers();
  const auto last = update(going);
  EXPECT_EQ(object_of<corev1::ConfigMap>(last).metadata().finalizers_size(), 0);
  EXPECT_TRUE(is_gone(get<corev1::ConfigMap>("a")));
}

TEST_F(Delete, GivesARunningPodItsGraceWhichMayOnlyBecomeShorter) {
  run_pod_on_node("a");
  const auto first = remove<corev1::Pod>("a");
  const auto& meta = object_of<corev1::Pod>(first).metadata();
  EXPECT_FALSE(first->is_status);
  EXPECT_EQ(from_time(meta.deletiontimestamp()), kStart + std::chrono::seconds(30));
  EXPECT_EQ(meta.deletiongraceperiodseconds(), 30);
  EXPECT_EQ(meta.generation(), 2);
  const auto longer = remove<corev1::Pod>("a", {.grace_period_seconds = 60});
  EXPECT_EQ(object_of<corev1::Pod>(longer).metadata().deletiongraceperiodseconds(), 30);
  const auto shorter = remove<corev1::Pod>("a", {.grace_period_seconds = 5});
  EXPECT_EQ(object_of<corev1::Pod>(shorter).metadata().deletiongraceperiodseconds(), 5);
  EXPECT_EQ(from_time(object_of<corev1::Pod>(shorter).metadata().deletiontimestamp()), kStart + std::chrono::seconds(5));
  ASSERT_TRUE(remove<corev1::Pod>("a", {.grace_period_seconds = 0}));
  EXPECT_TRUE(is_gone(get<corev1::Pod>("a")));
}

TEST_F(Delete, TakesAnUnscheduledPodAwayAtOnce) {
  ASSERT_TRUE(create(pod("a")));
  const auto answer = remove<corev1::Pod>("a");
  EXPECT_EQ(object_of<corev1::Pod>(answer).metadata().name(), "a");
  EXPECT_TRUE(is_gone(get<corev1::Pod>("a")));
}

TEST_F(Delete, TakesAPodThatHasEndedAwayAtOnce) {
  run_pod_on_node("a");
  ASSERT_TRUE(patch<corev1::Pod>("a", PatchType::kMerge, R"({"status":{"phase":"Succeeded"}})", "status"));
  ASSERT_TRUE(remove<corev1::Pod>("a"));
  EXPECT_TRUE(is_gone(get<corev1::Pod>("a")));
}

TEST_F(Delete, KeepsAPodWithFinalizersAfterItsGrace) {
  corev1::Pod one = pod("a");
  one.mutable_metadata()->add_finalizers("batch.kubernetes.io/job-tracking");
  ASSERT_TRUE(create(one));
  auto going = object_of<corev1::Pod>(remove<corev1::Pod>("a"));
  EXPECT_EQ(going.metadata().deletiongraceperiodseconds(), 0);
  EXPECT_TRUE(patch<corev1::Pod>("a", PatchType::kMerge, R"({"metadata":{"finalizers":null}})"));
  EXPECT_TRUE(is_gone(get<corev1::Pod>("a")));
}

// The patch that is carried out without JSON, and the same one with a member more, which is not.
TEST_F(Delete, TakesFinalizersOffByAPatchThatDoesNothingElse) {
  corev1::ConfigMap map = config_map("a");
  for (const char* finalizer : {"x.io/a", "x.io/b", "x.io/c"}) map.mutable_metadata()->add_finalizers(finalizer);
  ASSERT_TRUE(create(map));
  const auto finalizers = [](const auto& answer) {
    const auto& all = object_of<corev1::ConfigMap>(answer).metadata().finalizers();
    return std::vector<std::string>(all.begin(), all.end());
  };
  const auto alone = patch<corev1::ConfigMap>("a", PatchType::kStrategic,
                                              R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["x.io/b","x.io/none"]}})");
  EXPECT_EQ(finalizers(alone), (std::vector<std::string>{"x.io/a", "x.io/c"}));
  const auto with_more = patch<corev1::ConfigMap>("a", PatchType::kStrategic,
                                                  R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["x.io/c"],"labels":{"k":"v"}}})");
  EXPECT_EQ(finalizers(with_more), (std::vector<std::string>{"x.io/a"}));
}

TEST_F(Delete, OrphansTheDependentsOfAJobUnlessToldOtherwise) {
  ASSERT_TRUE(create(job("a")));
  const auto silent = remove<batchv1::Job>("a");
  ASSERT_EQ(object_of<batchv1::Job>(silent).metadata().finalizers_size(), 1);
  EXPECT_EQ(object_of<batchv1::Job>(silent).metadata().finalizers(0), "orphan");
  EXPECT_EQ(object_of<batchv1::Job>(silent).metadata().generation(), 2);
  ASSERT_EQ(silent->warnings.size(), 1);
  EXPECT_TRUE(silent->warnings[0].starts_with("child pods are preserved by default"));

  ASSERT_TRUE(create(job("b")));
  const auto background = remove<batchv1::Job>("b", {.propagation = Propagation::kBackground});
  EXPECT_TRUE(background->is_status);
  EXPECT_TRUE(background->warnings.empty());

  ASSERT_TRUE(create(job("c")));
  const auto foreground = remove<batchv1::Job>("c", {.propagation = Propagation::kForeground});
  EXPECT_EQ(object_of<batchv1::Job>(foreground).metadata().finalizers(0), "foregroundDeletion");
}

TEST_F(Delete, HoldsToItsPreconditions) {
  ASSERT_TRUE(create(job("a")));
  const auto uid = remove<batchv1::Job>("a", {.uid = "other"});
  ASSERT_FALSE(uid);
  EXPECT_EQ(uid.error().reason, Reason::kConflict);
  EXPECT_TRUE(uid.error().message.starts_with(
      "Operation cannot be fulfilled on Job.batch \"a\": the UID in the precondition (other) does not match"))
      << uid.error().message;
  const auto version = remove<batchv1::Job>("a", {.resource_version = "1"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().reason, Reason::kConflict);
}

TEST_F(Delete, TerminatesANamespaceInTwoSteps) {
  corev1::Namespace ns;
  ns.mutable_metadata()->set_name("a");
  ASSERT_TRUE(create(ns));
  auto going = object_of<corev1::Namespace>(remove<corev1::Namespace>("a"));
  EXPECT_EQ(going.status().phase(), "Terminating");
  ASSERT_EQ(going.spec().finalizers_size(), 1);
  ASSERT_TRUE(remove<corev1::Namespace>("a"));
  auto main = going;
  main.mutable_spec()->clear_finalizers();
  ASSERT_TRUE(update(main));
  ASSERT_TRUE(get<corev1::Namespace>("a"));
  ASSERT_TRUE(update(main, "finalize"));
  EXPECT_TRUE(is_gone(get<corev1::Namespace>("a")));
}

TEST_F(Delete, RefusesTheSystemNamespaces) {
  const auto answer = remove<corev1::Namespace>("default");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

TEST_F(Delete, EmptiesACollectionBySelector) {
  for (int i = 0; i < 50; ++i) {
    corev1::ConfigMap map = config_map("m" + std::to_string(i));
    (*map.mutable_metadata()->mutable_labels())["even"] = i % 2 == 0 ? "yes" : "no";
    ASSERT_TRUE(create(map));
  }
  Request all = request<corev1::ConfigMap>(Verb::kDeleteCollection);
  all.label_selector = "even=yes";
  const auto answer = handle(std::move(all));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_list);
  EXPECT_EQ(answer->items.size(), 25);
  EXPECT_EQ(handle(request<corev1::ConfigMap>(Verb::kList)).value().items.size(), 25);
}

TEST_F(Delete, ChangesNothingInADryRun) {
  ASSERT_TRUE(create(config_map("a")));
  const Revision before = store_->revision();
  Request dry = request<corev1::ConfigMap>(Verb::kDelete, "a");
  dry.dry_run = true;
  EXPECT_TRUE(handle(std::move(dry)).value().is_status);
  EXPECT_EQ(store_->revision(), before);
}

}  // namespace
}  // namespace stint
