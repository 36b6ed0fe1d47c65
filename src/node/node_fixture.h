// A node in virtual time, for tests: agent, fake server, fake runtime, fake images, a directory of its own.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/sim_loop.h"
#include "client/fake_client.h"
#include "node/fake_image_store.h"
#include "node/node_agent.h"
#include "os/mounts.h"
#include "runtime/fake/fake_runtime.h"

namespace stint {

class NodeFixture {
 public:
  NodeFixture() : loop(WallTime{std::chrono::hours(24 * 365 * 56)}), client(loop), runtime(make_fake_runtime(loop)), images(loop) {
    std::string pattern = std::filesystem::temp_directory_path() / "stint-node-XXXXXX";
    dir = mkdtemp(pattern.data());
    start_agent();
  }
  ~NodeFixture() {
    agent.reset();
    static_cast<void>(os::unmount_under(dir));  // volumes of pods that still run
    std::filesystem::remove_all(dir);
  }

  void start_agent() {
    agent = std::make_unique<NodeAgent>(loop, client, *runtime, images,
                                        NodeOptions{.name = "n1",
                                                    .data_dir = dir + "/data",
                                                    .log_dir = dir + "/logs",
                                                    .host_ip = "192.0.2.1",
                                                    .host_address = "10.88.0.1",
                                                    .observe = [this] { return left_over(); }});
    agent->start();
    loop.run_for(std::chrono::milliseconds(1));
  }
  // This process ends and begins again; containers stay.
  void restart_agent(Duration away) {
    agent.reset();
    runtime->detach();
    loop.run_for(away);
    start_agent();
  }

  static corev1::Pod make_pod(const std::string& name, const std::string& restart_policy = "Never") {
    corev1::Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_generation(1);
    auto& spec = *pod.mutable_spec();
    spec.set_restartpolicy(restart_policy);
    spec.set_nodename("n1");
    spec.set_terminationgraceperiodseconds(30);
    add_container(*spec.add_containers(), "main");
    pod.mutable_status()->set_phase("Pending");
    pod.mutable_status()->set_qosclass("BestEffort");
    return pod;
  }
  static void add_container(corev1::Container& container, const std::string& name) {
    container.set_name(name);
    container.set_image("busybox:1");
    container.set_imagepullpolicy("IfNotPresent");
    container.add_command("true");
  }

  std::shared_ptr<const corev1::Pod> pod(const std::string& name) const { return client.find<corev1::Pod>("default", name); }
  std::string phase(const std::string& name) const { return pod(name) ? pod(name)->status().phase() : "gone"; }
  const corev1::ContainerStatus& container(const std::string& name, int index = 0) const {
    return pod(name)->status().containerstatuses(index);
  }
  // Reasons of the events on the object of that name, oldest first.
  std::vector<std::string> reasons(const std::string& name) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& event : client.all<corev1::Event>())
      if (event->involvedobject().name() == name) found.emplace_back(event->metadata().name(), event->reason());
    std::sort(found.begin(), found.end());
    std::vector<std::string> reasons;
    for (auto& [at, reason] : found) reasons.push_back(std::move(reason));
    return reasons;
  }

  SimLoop loop;
  FakeClient client;
  std::unique_ptr<FakeRuntime> runtime;
  FakeImageStore images;
  // What the machine has left; nothing: of nothing is there too little.
  std::function<Observations()> left_over = [] { return Observations{}; };
  std::string dir;
  std::unique_ptr<NodeAgent> agent;
};

}  // namespace stint
