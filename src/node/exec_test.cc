#include "node/exec.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "node/node_fixture.h"

namespace stint {
namespace {

Task<void> start(Runtime& runtime, std::string pod_uid) {
  co_await runtime.create_sandbox({.id = pod_uid});
  ContainerConfig config;
  config.id = pod_uid + "_main_0";
  config.sandbox_id = pod_uid;
  config.name = "main";
  co_await runtime.start_container(std::move(config));
}

Task<void> exec(Client& client, Runtime& runtime, std::string* out) {
  NodeExec source(client, runtime);
  const auto id = co_await source.find_running("default", "p", "");
  if (!id) {
    *out = id.error().message;
    co_return;
  }
  auto session = co_await source.exec(*id, {.command = {"true"}, .out = true});
  *out = session ? "runs" : session.error().message;
}

class Exec : public testing::Test {
 protected:
  Exec() {
    runtime_->set_behaviour([](const ContainerConfig&) { return FakeOutcome{.runs_for_ever = true}; });
  }
  void run(std::string pod_uid) {
    scope_.spawn(start(*runtime_, std::move(pod_uid)));
    loop_.run_ready();
  }
  // In the pod with the uid "u", whose status says that its container runs and has that id.
  std::string exec_in(const std::string& claimed_id) {
    corev1::Pod pod = NodeFixture::make_pod("p");
    pod.mutable_metadata()->set_uid("u");
    auto& status = *pod.mutable_status()->add_containerstatuses();
    status.set_name("main");
    status.set_containerid(claimed_id);
    status.mutable_state()->mutable_running();
    client_.put(pod);
    std::string out;
    scope_.spawn(exec(client_, *runtime_, &out));
    loop_.run_ready();
    return out;
  }

  SimLoop loop_{WallTime(std::chrono::seconds(1'800'000'000))};
  FakeClient client_{loop_};
  std::unique_ptr<FakeRuntime> runtime_ = make_fake_runtime(loop_);
  Scope scope_{loop_};
};

TEST_F(Exec, RunsInTheContainerOfThePod) {
  run("u");
  EXPECT_EQ(exec_in("fake://u_main_0"), "runs");
}

TEST_F(Exec, AStatusLeadsToNoContainerOfAnotherPod) {
  run("other");
  EXPECT_EQ(exec_in("fake://other_main_0"), "container u_main_0 does not run");
}

TEST_F(Exec, AnIdThatIsNoneBreaksNothing) {
  run("u");
  EXPECT_EQ(exec_in("x"), "runs");
}

Task<void> find_sandbox(Client& client, Runtime& runtime, std::string* out) {
  NodeForward source(client, runtime);
  const auto id = co_await source.find_sandbox("default", "p");
  *out = id ? *id : id.error().message;
}

TEST_F(Exec, PortsAreThoseOfThePodsOwnSandbox) {
  corev1::Pod pod = NodeFixture::make_pod("p");
  pod.mutable_metadata()->set_uid("u");
  client_.put(pod);
  run("other");
  std::string out;
  scope_.spawn(find_sandbox(client_, *runtime_, &out));
  loop_.run_ready();
  EXPECT_EQ(out, "pod p does not run: it has no network");
  run("u");
  scope_.spawn(find_sandbox(client_, *runtime_, &out));
  loop_.run_ready();
  EXPECT_EQ(out, "u");
}

}  // namespace
}  // namespace stint
