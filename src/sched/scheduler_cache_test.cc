#include "sched/scheduler_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sched/plan.h"

namespace stint {
namespace {

NodePointer make_node(const std::string& name) {
  auto node = std::make_shared<corev1::Node>();
  node->mutable_metadata()->set_name(name);
  (*node->mutable_status()->mutable_allocatable())["cpu"].set_string("2");
  return node;
}

std::shared_ptr<corev1::Pod> make_pod(const std::string& uid, const std::string& cpu, int host_port = 0) {
  auto pod = std::make_shared<corev1::Pod>();
  pod->mutable_metadata()->set_uid(uid);
  auto& container = *pod->mutable_spec()->add_containers();
  (*container.mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
  if (host_port != 0) container.add_ports()->set_hostport(host_port);
  return pod;
}

// The state of the world, counted from nothing each time.
struct World {
  std::map<std::string, NodePointer> nodes;
  std::map<std::string, PodPointer> pods;
  std::map<std::string, std::string> assumed;

  NodeLoads loads() const {
    NodeLoads loads;
    for (const auto& [name, node] : nodes) loads[name].set_node(node);
    for (const auto& [uid, pod] : pods) {
      auto on = assumed.find(uid);
      auto load = loads.find(on == assumed.end() ? pod->spec().nodename() : on->second);
      if (load != loads.end() && !has_ended(*pod)) load->second.add(*pod);
    }
    return loads;
  }
  std::vector<PodPointer> waiting() const {
    std::vector<PodPointer> waiting;
    for (const auto& [uid, pod] : pods)
      if (wants_scheduling(*pod) && !assumed.contains(uid)) waiting.push_back(pod);
    std::sort(waiting.begin(), waiting.end(), SchedulingOrder{});
    return waiting;
  }
};

TEST(SchedulerCache, AgreesWithARecountAfterRandomEvents) {
  const std::vector<std::string> amounts = {"0", "100m", "1", "9223372036854775"};  // the last: sums beyond int64
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return random() % n; };
    World world;
    SchedulerCache cache;
    for (int step = 0; step < 500; ++step) {
      const std::string uid = "u" + std::to_string(below(12)), node = "n" + std::to_string(below(3));
      auto found = world.pods.find(uid);
      const bool is_waiting = found != world.pods.end() && wants_scheduling(*found->second) && !world.assumed.contains(uid);
      switch (below(8)) {
        case 0:
          cache.set_node(world.nodes[node] = make_node(node));
          break;
        case 1:
          world.nodes.erase(node);
          cache.remove_node(node);
          break;
        case 2:
          world.pods.erase(uid);
          world.assumed.erase(uid);
          cache.remove_pod(uid);
          break;
        case 3:
          cache.assume(uid, node);
          if (is_waiting) world.assumed[uid] = node;
          break;
        case 4:
          cache.forget(uid);
          world.assumed.erase(uid);
          break;
        default: {
          auto pod = make_pod(uid, amounts[below(4)], static_cast<int>(below(3)));
          pod->mutable_spec()->set_priority(static_cast<int>(below(3)));
          if (below(2) == 0) pod->mutable_spec()->set_nodename(node);
          if (below(4) == 0) pod->mutable_status()->set_phase("Succeeded");
          if (!pod->spec().nodename().empty() || has_ended(*pod)) world.assumed.erase(uid);
          cache.set_pod(world.pods[uid] = pod);
        }
      }
      ASSERT_TRUE(cache.loads() == world.loads()) << "seed " << seed << " step " << step;
      ASSERT_EQ(cache.waiting(), world.waiting()) << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace stint
