// Probes and hooks of running containers, and the order of sidecars. Commands in containers are played by the fake runtime.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/object.h"
#include "node/conditions.h"
#include "node/node_fixture.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class PodHealth : public testing::Test, public NodeFixture {
 protected:
  PodHealth() {
    runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true}; });
    runtime->set_commands([this](const std::string& id, const std::vector<std::string>& command) {
      asked.push_back(command.at(0));
      ids.push_back(id);
      return answers[command.at(0)];
    });
  }
  // A probe by the command of that name, every second, good or bad at once unless told otherwise.
  static corev1::Probe probe(const std::string& command, int failures = 1) {
    corev1::Probe probe;
    probe.mutable_handler()->mutable_exec()->add_command(command);
    probe.set_periodseconds(1);
    probe.set_timeoutseconds(1);
    probe.set_successthreshold(1);
    probe.set_failurethreshold(failures);
    return probe;
  }
  static corev1::Container& main_of(corev1::Pod& pod) { return *pod.mutable_spec()->mutable_containers(0); }
  static corev1::Container& add_sidecar(corev1::Pod& pod, const std::string& name) {
    auto& sidecar = *pod.mutable_spec()->add_initcontainers();
    add_container(sidecar, name);
    sidecar.set_restartpolicy("Always");
    return sidecar;
  }
  void remove(const std::string& name, std::optional<int64_t> grace = std::nullopt) {
    Scope scope(loop);
    scope.spawn(remove_pod(client, name, grace));
    loop.run_ready();
  }
  static Task<void> remove_pod(Client& client, std::string name, std::optional<int64_t> grace) {
    auto removed = co_await client.remove(kind_of<corev1::Pod>(), "default", name, {.grace_period_seconds = grace});
    EXPECT_TRUE(removed) << removed.error().message;
  }
  std::string condition(const std::string& type) const {
    const auto* found = find_condition(pod("p")->status(), type);
    return found == nullptr ? "none" : found->status();
  }
  std::vector<std::string> messages(const std::string& reason) const {
    std::vector<std::string> found;
    for (const auto& event : client.all<corev1::Event>())
      if (event->reason() == reason) found.push_back(event->message());
    return found;
  }
  std::vector<std::string> started_names() const {
    std::vector<std::string> names;
    for (const auto& config : runtime->started()) names.push_back(config.name);
    return names;
  }

  std::map<std::string, FakeCommand> answers;
  std::vector<std::string> asked, ids;
};

TEST_F(PodHealth, IsReadyWhenItsReadinessProbeSucceedsAndNoLongerWhenItFails) {
  auto p = make_pod("p", "Always");
  *main_of(p).mutable_readinessprobe() = probe("ready");
  answers["ready"].exit_code = 1;
  client.put(p);
  loop.run_for(2500ms);
  EXPECT_EQ(phase("p"), "Running");
  EXPECT_TRUE(container("p").started());
  EXPECT_FALSE(container("p").ready());
  EXPECT_EQ(condition("Ready"), "False");
  EXPECT_THAT(messages("Unhealthy"), ElementsAre("Readiness probe failed: "));
  answers["ready"].exit_code = 0;
  loop.run_for(1s);
  EXPECT_TRUE(container("p").ready());
  EXPECT_EQ(condition("Ready"), "True");
  answers["ready"].exit_code = 1;
  loop.run_for(1s);
  EXPECT_FALSE(container("p").ready());
  EXPECT_EQ(container("p").restartcount(), 0) << "readiness alone restarts nothing";
}

TEST_F(PodHealth, WaitsForTheInitialDelayAndThenChecksOnceAPeriod) {
  auto p = make_pod("p", "Always");
  *main_of(p).mutable_livenessprobe() = probe("alive");
  main_of(p).mutable_livenessprobe()->set_initialdelayseconds(10);
  main_of(p).mutable_livenessprobe()->set_periodseconds(5);
  client.put(p);
  loop.run_for(9s);
  EXPECT_TRUE(asked.empty());
  loop.run_for(12s);
  EXPECT_EQ(asked.size(), 3U);
}

TEST_F(PodHealth, RestartsAContainerWhoseLivenessProbeFailsThreeTimes) {
  auto p = make_pod("p", "OnFailure");
  *main_of(p).mutable_livenessprobe() = probe("alive", 3);
  answers["alive"] = {.exit_code = 1, .output = "broken"};
  client.put(p);
  loop.run_for(1500ms);
  EXPECT_THAT(reasons("p"), Not(Contains("Killing")));
  loop.run_for(1s);
  EXPECT_THAT(messages("Killing"), ElementsAre("Container main failed liveness probe, will be restarted"));
  EXPECT_THAT(messages("Unhealthy"), ElementsAre("Liveness probe failed: broken"));
  EXPECT_EQ(container("p").restartcount(), 1);
  EXPECT_EQ(container("p").laststate().terminated().exitcode(), 143);
  EXPECT_THAT(ids.back(), testing::EndsWith("_main_1")) << "the next attempt is probed anew";
}

TEST_F(PodHealth, UnderNeverAFailedLivenessProbeFailsThePod) {
  auto p = make_pod("p", "Never");
  *main_of(p).mutable_livenessprobe() = probe("alive");
  answers["alive"].exit_code = 1;
  client.put(p);
  loop.run_for(3s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_THAT(messages("Killing"), ElementsAre("Container main failed liveness probe"));
}

TEST_F(PodHealth, TheProbesOwnGracePeriodIsGivenToAContainerThatItKills) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true, .ignores_term = true}; });
  auto p = make_pod("p", "Never");
  p.mutable_spec()->set_terminationgraceperiodseconds(500);
  *main_of(p).mutable_livenessprobe() = probe("alive");
  main_of(p).mutable_livenessprobe()->set_terminationgraceperiodseconds(10);
  answers["alive"].exit_code = 1;
  client.put(p);
  loop.run_for(9s);
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_EQ(container("p").state().terminated().exitcode(), 137);
}

TEST_F(PodHealth, AStartupProbeHoldsBackTheOthersUntilItSucceeds) {
  auto p = make_pod("p", "Always");
  *main_of(p).mutable_startupprobe() = probe("slow", 10);
  *main_of(p).mutable_livenessprobe() = probe("alive");
  answers["slow"].exit_code = 1;
  answers["alive"].exit_code = 1;
  client.put(p);
  loop.run_for(4500ms);
  EXPECT_THAT(asked, testing::Each("slow"));
  EXPECT_FALSE(container("p").started());
  EXPECT_FALSE(container("p").ready());
  answers["slow"].exit_code = answers["alive"].exit_code = 0;
  loop.run_for(1s);
  EXPECT_TRUE(container("p").started());
  EXPECT_TRUE(container("p").ready());
  const auto before = std::ranges::count(asked, "slow");
  loop.run_for(5s);
  EXPECT_EQ(std::ranges::count(asked, "slow"), before) << "a container that has started is not asked again whether it has";
  EXPECT_GT(std::ranges::count(asked, "alive"), 3);
}

TEST_F(PodHealth, AFailedStartupProbeRestartsTheContainer) {
  auto p = make_pod("p", "Always");
  *main_of(p).mutable_startupprobe() = probe("slow", 2);
  answers["slow"].exit_code = 1;
  client.put(p);
  loop.run_for(2s);
  EXPECT_THAT(messages("Killing"), ElementsAre("Container main failed startup probe, will be restarted"));
  EXPECT_EQ(container("p").restartcount(), 1);
}

TEST_F(PodHealth, ACommandThatTakesTooLongHasFailed) {
  auto p = make_pod("p", "Always");
  *main_of(p).mutable_readinessprobe() = probe("hangs");
  answers["hangs"].run_time = 5s;
  client.put(p);
  loop.run_for(1500ms);
  EXPECT_FALSE(container("p").ready());
  EXPECT_THAT(messages("Unhealthy"), ElementsAre("Readiness probe failed: command timed out: \"hangs\" timed out after 1s"));
}

TEST_F(PodHealth, ReadinessGatesHoldBackTheCondition) {
  auto p = make_pod("p", "Always");
  p.mutable_spec()->add_readinessgates()->set_conditiontype("example.com/gate");
  client.put(p);
  loop.run_for(1s);
  EXPECT_EQ(condition("ContainersReady"), "True");
  EXPECT_EQ(condition("Ready"), "False");
}

TEST_F(PodHealth, ReadyStaysTrueOverARestartOfThisProcess) {
  auto p = make_pod("p", "Always");
  *main_of(p).mutable_readinessprobe() = probe("ready");
  main_of(p).mutable_readinessprobe()->set_periodseconds(30);
  client.put(p);
  loop.run_for(1s);
  ASSERT_TRUE(container("p").ready());
  answers["ready"].exit_code = 1;
  restart_agent(5s);
  EXPECT_TRUE(container("p").ready());
  EXPECT_EQ(container("p").restartcount(), 0);
  loop.run_for(31s);
  EXPECT_FALSE(container("p").ready());
}

TEST_F(PodHealth, ADeletedPodIsNoLongerAskedWhetherItLives) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true, .ignores_term = true}; });
  auto p = make_pod("p", "Always");
  *main_of(p).mutable_livenessprobe() = probe("alive");
  *main_of(p).mutable_readinessprobe() = probe("ready");
  client.put(p);
  loop.run_for(1500ms);
  remove("p");
  loop.run_ready();
  asked.clear();
  loop.run_for(10s);
  EXPECT_THAT(asked, Not(Contains("alive")));
  EXPECT_THAT(asked, Contains("ready"));
}

TEST_F(PodHealth, APostStartHookHoldsBackTheNextContainerAndTheStatus) {
  auto p = make_pod("p", "Always");
  main_of(p).mutable_lifecycle()->mutable_poststart()->mutable_exec()->add_command("hook");
  add_container(*p.mutable_spec()->add_containers(), "second");
  answers["hook"].run_time = 5s;
  client.put(p);
  loop.run_for(4s);
  EXPECT_THAT(started_names(), ElementsAre("main"));
  EXPECT_EQ(phase("p"), "Pending");
  EXPECT_EQ(container("p").state().waiting().reason(), "ContainerCreating");
  loop.run_for(2s);
  EXPECT_THAT(started_names(), ElementsAre("main", "second"));
  EXPECT_EQ(phase("p"), "Running");
  EXPECT_TRUE(container("p").ready());
}

TEST_F(PodHealth, AFailedPostStartHookKillsTheContainer) {
  auto p = make_pod("p", "Never");
  main_of(p).mutable_lifecycle()->mutable_poststart()->mutable_exec()->add_command("hook");
  answers["hook"].exit_code = 1;
  client.put(p);
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Failed");
  EXPECT_THAT(reasons("p"), Contains("FailedPostStartHook"));
  EXPECT_THAT(messages("Killing"), ElementsAre("FailedPostStartHook"));
}

TEST_F(PodHealth, APreStopHookRunsBeforeTheSignalAndWithinTheGracePeriod) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true, .ignores_term = true}; });
  auto p = make_pod("p", "Always");
  p.mutable_metadata()->add_finalizers("example.com/kept");
  main_of(p).mutable_lifecycle()->mutable_prestop()->mutable_exec()->add_command("hook");
  answers["hook"].run_time = 20s;
  client.put(p);
  loop.run_for(1s);
  remove("p");
  loop.run_for(29s);
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Failed") << "hook and signal have 30 s together";
}

TEST_F(PodHealth, APreStopHookThatTakesAllTheTimeLeavesTwoSecondsForTheSignal) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true, .ignores_term = true}; });
  auto p = make_pod("p", "Always");
  p.mutable_metadata()->add_finalizers("example.com/kept");
  main_of(p).mutable_lifecycle()->mutable_prestop()->mutable_exec()->add_command("hook");
  answers["hook"].run_time = 1000s;
  client.put(p);
  loop.run_for(1s);
  remove("p");
  loop.run_for(31s);
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(2s);
  EXPECT_EQ(phase("p"), "Failed");
}

TEST_F(PodHealth, AFailedPreStopHookIsToldAndTheContainerIsStoppedAllTheSame) {
  auto p = make_pod("p", "Always");
  main_of(p).mutable_lifecycle()->mutable_prestop()->mutable_exec()->add_command("hook");
  answers["hook"].exit_code = 1;
  client.put(p);
  loop.run_for(1s);
  remove("p");
  loop.run_for(1s);
  EXPECT_EQ(phase("p"), "gone");
  EXPECT_THAT(reasons("p"), Contains("FailedPreStopHook"));
}

TEST_F(PodHealth, AContainerThatEndsByItselfRunsNoPreStopHook) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.run_time = 2s}; });
  auto p = make_pod("p", "Never");
  main_of(p).mutable_lifecycle()->mutable_prestop()->mutable_exec()->add_command("hook");
  client.put(p);
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Succeeded");
  EXPECT_THAT(asked, Not(Contains("hook")));
}

TEST_F(PodHealth, ASidecarHoldsBackTheMainContainerUntilItHasStarted) {
  auto p = make_pod("p", "Never");
  *add_sidecar(p, "side").mutable_startupprobe() = probe("slow", 100);
  answers["slow"].exit_code = 1;
  client.put(p);
  loop.run_for(5s);
  EXPECT_THAT(started_names(), ElementsAre("side"));
  EXPECT_EQ(phase("p"), "Pending");
  EXPECT_EQ(condition("Initialized"), "False");
  answers["slow"].exit_code = 0;
  loop.run_for(2s);
  EXPECT_THAT(started_names(), ElementsAre("side", "main"));
  EXPECT_EQ(phase("p"), "Running");
  EXPECT_EQ(condition("Initialized"), "True");
}

TEST_F(PodHealth, ASidecarCountsForReadinessAndRestartsEvenUnderNever) {
  auto p = make_pod("p", "Never");
  *add_sidecar(p, "side").mutable_readinessprobe() = probe("ready");
  answers["ready"].exit_code = 1;
  client.put(p);
  loop.run_for(2s);
  EXPECT_EQ(condition("ContainersReady"), "False");
  answers["ready"].exit_code = 0;
  loop.run_for(1s);
  EXPECT_EQ(condition("ContainersReady"), "True");
  runtime->exit_container(pod("p")->metadata().uid() + "_side_0", 1);
  loop.run_for(2s);
  EXPECT_EQ(pod("p")->status().initcontainerstatuses(0).restartcount(), 1);
  EXPECT_EQ(phase("p"), "Running");
}

TEST_F(PodHealth, SidecarsStopInReverseOrderOnceTheMainContainerHasEnded) {
  runtime->set_behaviour([](const ContainerConfig& config) {
    if (config.name == "main") return FakeOutcome{.run_time = 3s};
    return FakeOutcome{.runs_for_ever = true, .exit_code_on_term = 7};
  });
  auto p = make_pod("p", "Never");
  add_sidecar(p, "one");
  add_sidecar(p, "two");
  client.put(p);
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Succeeded") << "whatever the sidecars' exit codes";
  const auto& status = pod("p")->status();
  EXPECT_EQ(status.initcontainerstatuses(0).state().terminated().exitcode(), 7);
  EXPECT_EQ(status.initcontainerstatuses(1).state().terminated().exitcode(), 7);
}

TEST_F(PodHealth, SidecarsOfADeletedPodGetTheirSignalsAfterTheOthersWithinOneGracePeriod) {
  runtime->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true, .ignores_term = true}; });
  auto p = make_pod("p", "Never");
  p.mutable_metadata()->add_finalizers("example.com/kept");
  add_sidecar(p, "one");
  add_sidecar(p, "two");
  client.put(p);
  loop.run_for(1s);
  remove("p", 10);
  loop.run_for(9s);
  EXPECT_TRUE(pod("p")->status().containerstatuses(0).state().has_running());
  // The main one is killed at 10 s; the sidecars then have 2 s each.
  loop.run_for(2s);
  EXPECT_TRUE(pod("p")->status().containerstatuses(0).state().has_terminated());
  EXPECT_TRUE(pod("p")->status().initcontainerstatuses(0).state().has_running());
  loop.run_for(5s);
  EXPECT_EQ(phase("p"), "Failed");
}

TEST_F(PodHealth, ARuleRestartsAllContainersFromTheFirstInitContainer) {
  runtime->set_behaviour([](const ContainerConfig& config) {
    if (config.name == "init") return FakeOutcome{};
    if (config.name == "main" && config.attempt == 0) return FakeOutcome{.run_time = 5s, .exit_code = 88};
    return FakeOutcome{.runs_for_ever = true};
  });
  auto p = make_pod("p", "Never");
  add_container(*p.mutable_spec()->add_initcontainers(), "init");
  add_container(*p.mutable_spec()->add_containers(), "second");
  main_of(p).set_restartpolicy("Never");
  auto& rule = *main_of(p).add_restartpolicyrules();
  rule.set_action("RestartAllContainers");
  rule.mutable_exitcodes()->set_operator_("In");
  rule.mutable_exitcodes()->add_values(88);
  client.put(p);
  loop.run_for(4s);
  EXPECT_EQ(condition("AllContainersRestarting"), "False");
  loop.run_for(1500ms);
  EXPECT_EQ(condition("AllContainersRestarting"), "True");
  EXPECT_EQ(phase("p"), "Running");
  loop.run_for(5s);
  EXPECT_EQ(condition("AllContainersRestarting"), "False");
  EXPECT_THAT(started_names(), ElementsAre("init", "main", "second", "init", "main", "second"));
  EXPECT_EQ(phase("p"), "Running");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(container("p", i).restartcount(), 1);
    EXPECT_EQ(container("p", i).laststate().terminated().reason(), "RestartingAllContainers");
    EXPECT_EQ(container("p", i).laststate().terminated().exitcode(), 137);
  }
  EXPECT_EQ(pod("p")->status().initcontainerstatuses(0).restartcount(), 1);
}

TEST_F(PodHealth, AnEphemeralContainerIsStartedInARunningPodOnceAndSeesTheProcessesOfItsTarget) {
  client.put(make_pod("p", "Always"));
  loop.run_for(1s);
  auto next = *pod("p");
  auto& ephemeral = *next.mutable_spec()->add_ephemeralcontainers();
  ephemeral.set_targetcontainername("main");
  ephemeral.mutable_ephemeralcontainercommon()->set_name("debugger");
  ephemeral.mutable_ephemeralcontainercommon()->set_image("busybox:1");
  ephemeral.mutable_ephemeralcontainercommon()->add_command("sh");
  next.mutable_metadata()->set_generation(2);
  client.put(next);
  loop.run_for(1s);
  const std::string uid = pod("p")->metadata().uid();
  ASSERT_EQ(pod("p")->status().ephemeralcontainerstatuses_size(), 1);
  EXPECT_TRUE(pod("p")->status().ephemeralcontainerstatuses(0).state().has_running());
  EXPECT_EQ(runtime->started().back().process_namespace_of, uid + "_main_0");
  runtime->exit_container(uid + "_debugger_0", 3);
  loop.run_for(60s);
  EXPECT_EQ(pod("p")->status().ephemeralcontainerstatuses(0).state().terminated().exitcode(), 3) << "it is not restarted";
  EXPECT_EQ(condition("Ready"), "True");
}

}  // namespace
}  // namespace stint
