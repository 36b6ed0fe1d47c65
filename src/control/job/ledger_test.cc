#include "control/job/ledger.h"

#include <gtest/gtest.h>

#include <random>

#include "control/job/test_objects.h"

namespace stint::job {
namespace {

using namespace test;

// What the ledger should say, counted by going over every pod there is.
View recount(const JobPtr& job, const std::map<std::string, PodPtr>& pods) {
  View view{.job = job};
  std::map<int, int> active_at;
  std::vector<int> held;
  const auto& listed = job->status().uncountedterminatedpods().failed();
  for (const auto& [uid, pod] : pods) {
    const int index = has_valid_index(*pod, *job) && is_indexed(*job) ? completion_index(*pod) : kNoIndex;
    if (pod->status().phase() == "Running" || pod->status().phase() == "Pending") view.sums.restarts += restarts(*pod);
    if (is_terminating(*pod)) ++view.sums.terminating;
    if (is_active(*pod)) {
      ++view.sums.active;
      view.sums.ready += is_ready(*pod) ? 1 : 0;
      if (is_indexed(*job) && (index == kNoIndex || ++active_at[index] > 1)) ++view.sums.misplaced;
    }
    if (index != kNoIndex && (is_active(*pod) || (is_terminating(*pod) && replaces_only_failed(*job)))) held.push_back(index);
    const bool tracked = has_tracking_finalizer(*pod);
    if (tracked && !is_active(*pod)) view.settling.push_back(pod);
    if (tracked && (!is_active(*pod) || std::ranges::count(listed, uid) > 0)) view.held_uids.insert(uid);
  }
  for (const PodPtr& pod : view.settling) {
    if (active_at.contains(completion_index(*pod))) view.taken_over.insert(completion_index(*pod));
  }
  view.held = IndexSet::of(std::move(held));
  return view;
}

corev1::Pod random_pod(std::mt19937& random, int number) {
  const auto one_in = [&](int n) { return random() % static_cast<unsigned>(n) == 0; };
  static constexpr const char* kPhases[] = {"", "Pending", "Running", "Succeeded", "Failed", "Unknown"};
  corev1::Pod pod = make_pod(std::to_string(number), kPhases[random() % 6]);
  if (!one_in(10)) pod = with_index(std::move(pod), static_cast<int>(random() % 12));
  if (one_in(4)) pod = being_deleted(std::move(pod));
  if (one_in(3)) pod = without_finalizer(std::move(pod));
  if (one_in(2)) {
    auto& ready = *pod.mutable_status()->add_conditions();
    ready.set_type("Ready");
    ready.set_status(one_in(3) ? "False" : "True");
  }
  if (one_in(3)) pod.mutable_status()->add_containerstatuses()->set_restartcount(static_cast<int>(random() % 4));
  return pod;
}

void expect_same(const View& kept, const View& counted) {
  EXPECT_EQ(kept.sums, counted.sums);
  EXPECT_EQ(uids(kept.settling), uids(counted.settling));
  EXPECT_EQ(kept.held, counted.held);
  EXPECT_EQ(kept.taken_over, counted.taken_over);
  EXPECT_EQ(kept.held_uids, counted.held_uids);
  EXPECT_EQ(std::ssize(kept.active_pods()), counted.sums.active);
}

void change_terms(batchv1::Job& job, std::mt19937& random) {
  job.mutable_spec()->set_completions(static_cast<int>(random() % 12));
  job.mutable_spec()->set_podreplacementpolicy(random() % 2 == 0 ? "Failed" : "TerminatingOrFailed");
}

TEST(PodLedger, EqualsARecountAfterAnyEvents) {
  for (unsigned seed = 1; seed <= 40 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    batchv1::Job job = seed % 3 == 0 ? make_job(8, 8) : make_indexed_job(8, 8);
    for (int i = 0; i < 10; ++i) job.mutable_status()->mutable_uncountedterminatedpods()->add_failed(std::to_string(i));
    PodLedger ledger(std::make_shared<batchv1::Job>(job));
    std::map<std::string, PodPtr> pods;
    for (int event = 0; event < 150; ++event) {
      const int number = static_cast<int>(random() % 30);
      if (const unsigned kind = random() % 20; kind == 0) {
        change_terms(job, random);
        ledger.follow(std::make_shared<batchv1::Job>(job));
      } else if (kind < 4) {
        pods.erase(std::to_string(number));
        ledger.erase(std::to_string(number));
      } else {
        const auto pod = std::make_shared<corev1::Pod>(random_pod(random, number));
        pods[std::to_string(number)] = pod;
        ledger.put(pod);
      }
      const JobPtr shared = std::make_shared<batchv1::Job>(job);
      expect_same(ledger.look(shared), recount(shared, pods));
    }
  }
}

TEST(PodLedger, ForgetsAPodThatIsCountedAndHoldsNoFinalizer) {
  const JobPtr job = std::make_shared<batchv1::Job>(make_job());
  PodLedger ledger(job);
  ledger.put(std::make_shared<corev1::Pod>(end_pod(make_pod("a", ""), 0)));
  EXPECT_EQ(ledger.size(), 1u);
  ledger.put(std::make_shared<corev1::Pod>(without_finalizer(end_pod(make_pod("a", ""), 0))));
  EXPECT_EQ(ledger.size(), 0u);
}

TEST(PodLedger, RemembersAPodThatFailsTheJobThoughItsFinalizerIsGone) {
  batchv1::Job job = make_job();
  auto& rule = *job.mutable_spec()->mutable_podfailurepolicy()->add_rules();
  rule.set_action("FailJob");
  rule.mutable_onexitcodes()->set_operator_("In");
  rule.mutable_onexitcodes()->add_values(42);
  EXPECT_EQ(make_view(job, {without_finalizer(end_pod(make_pod("a", ""), 42))}).condemning.size(), 1u);
  EXPECT_TRUE(make_view(job, {end_pod(make_pod("a", ""), 1)}).condemning.empty());
}

TEST(IndexBag, JoinsAndSplitsRunsAndCountsRepeats) {
  IndexBag bag;
  for (int index : {3, 1, 2, 7, 2}) bag.add(index);
  EXPECT_EQ(bag.to_set().to_string(), "1-3,7");
  bag.remove(2);
  EXPECT_EQ(bag.to_set().to_string(), "1-3,7") << "it was there twice";
  bag.remove(2);
  EXPECT_EQ(bag.to_set().to_string(), "1,3,7");
  for (int index : {1, 3, 7}) bag.remove(index);
  EXPECT_TRUE(bag.to_set().empty());
}

}  // namespace
}  // namespace stint::job
