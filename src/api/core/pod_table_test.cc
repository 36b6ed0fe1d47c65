#include "api/core/pod_table.h"

#include "api/rules_fixture.h"

namespace stint::core {
namespace {

using namespace rules_fixture;
using corev1::Pod;

constexpr int64_t kCreated = 1'800'000'000;

struct Printed {
  std::string ready, status, restarts;
  bool operator==(const Printed&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Printed& p) { return out << p.ready << " " << p.status << " " << p.restarts; }

// `status` in YAML flow form; the pod has the containers a and b, and what `init` adds.
Printed printed(std::string_view status, std::string_view init = "", bool deleting = false) {
  Pod pod = from_yaml<Pod>("metadata: {name: p}\nspec: {containers: [{name: a}, {name: b}], initContainers: [" + std::string(init) +
                           "]}\nstatus: " + std::string(status));
  pod.mutable_metadata()->mutable_creationtimestamp()->set_seconds(kCreated);
  if (deleting) pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kCreated + 5);
  std::vector<std::string> row = cells(pod, at(kCreated + 60));
  EXPECT_EQ(row[4], "60s");
  EXPECT_EQ(row[5], "<none>");
  return {row[1], row[2], row[3]};
}

TEST(PodTable, ANewPodShowsItsPhase) { EXPECT_EQ(printed("{phase: Pending}"), (Printed{"0/2", "Pending", "0"})); }

TEST(PodTable, OneEndedOneRunningIsNotReady) {
  EXPECT_EQ(printed("{phase: Running, containerStatuses: [{name: a, state: {terminated: {exitCode: 0, reason: Completed}}}, "
                    "{name: b, ready: true, state: {running: {}}}]}"),
            (Printed{"1/2", "NotReady", "0"}));
}

TEST(PodTable, AnErrorOfOneWinsOverCompletedOfAnother) {
  EXPECT_EQ(printed("{phase: Failed, containerStatuses: [{name: a, state: {terminated: {exitCode: 0, reason: Completed}}}, "
                    "{name: b, state: {terminated: {exitCode: 2, reason: Error}}}]}"),
            (Printed{"0/2", "Error", "0"}));
}

TEST(PodTable, RestartsCarryTheAgeOfTheLast) {
  EXPECT_EQ(printed("{phase: Running, containerStatuses: [{name: a, restartCount: 2, state: {waiting: {reason: CrashLoopBackOff}}, "
                    "lastState: {terminated: {exitCode: 1, finishedAt: \"2027-01-15T08:00:55Z\"}}}, {name: b, state: {running: {}}}]}"),
            (Printed{"0/2", "CrashLoopBackOff", "2 (5s ago)"}));
}

TEST(PodTable, InitContainersAreCountedUntilTheyAreDone) {
  constexpr std::string_view kTwo = "{name: i}, {name: j}";
  EXPECT_EQ(printed("{phase: Pending, initContainerStatuses: [{name: i, state: {running: {}}}]}", kTwo).status, "Init:0/2");
  EXPECT_EQ(
      printed("{phase: Pending, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 0}}}, {name: j, state: {running: {}}}]}",
              kTwo)
          .status,
      "Init:1/2");
  EXPECT_EQ(printed("{phase: Failed, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 1, reason: Error}}}]}", kTwo).status,
            "Init:Error");
  EXPECT_EQ(printed("{phase: Pending, initContainerStatuses: [{name: i, state: {waiting: {reason: CrashLoopBackOff}}}]}", kTwo).status,
            "Init:CrashLoopBackOff");
}

TEST(PodTable, AStartedSidecarCounts) {
  EXPECT_EQ(printed("{phase: Running, initContainerStatuses: [{name: s, started: true, ready: true, state: {running: {}}}], "
                    "containerStatuses: [{name: a, ready: true, state: {running: {}}}, {name: b, ready: true, state: {running: {}}}]}",
                    "{name: s, restartPolicy: Always}"),
            (Printed{"3/3", "Running", "0"}));
}

TEST(PodTable, DeletionShowsUntilThePodEnded) {
  EXPECT_EQ(printed("{phase: Running}", "", true).status, "Terminating");
  EXPECT_EQ(printed("{phase: Running, reason: NodeLost}", "", true).status, "Unknown");
  EXPECT_EQ(printed("{phase: Succeeded, containerStatuses: [{name: a, state: {terminated: {reason: Completed}}}]}", "", true).status,
            "Completed");
}

TEST(PodTable, GatesAndReasonsReplaceThePhase) {
  EXPECT_EQ(printed("{phase: Pending, conditions: [{type: PodScheduled, reason: SchedulingGated}]}").status, "SchedulingGated");
  EXPECT_EQ(printed("{phase: Failed, reason: Evicted}").status, "Evicted");
}

TEST(PodTable, AnEndedPodHasARowCondition) {
  Row row;
  pod_row(from_yaml<Pod>("{status: {phase: Failed}}"), at(kCreated), row);
  ASSERT_EQ(row.conditions.size(), 1u);
  EXPECT_EQ(row.conditions[0][0], "Completed");
  EXPECT_EQ(row.conditions[0][2], "Failed");
}

}  // namespace
}  // namespace stint::core
