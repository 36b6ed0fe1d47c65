#include "sched/node_load.h"

namespace stint {
namespace {

void weigh(NodeLoad& load, const corev1::Pod& pod, int sign) {
  load.pods += sign;
  for (const auto& [name, amount] : pod_requests(pod.spec())) {
    auto& sum = load.used[name];
    sum += static_cast<__int128>(sign) * amount;
    if (sum == 0) load.used.erase(name);
  }
  for (const auto& container : pod.spec().containers()) {
    for (const auto& port : container.ports()) {
      if (port.hostport() == 0) continue;
      const std::tuple key{port.protocol().empty() ? "TCP" : port.protocol(), static_cast<int>(port.hostport()),
                           port.hostip() == "0.0.0.0" ? "" : port.hostip()};
      auto& holders = load.host_ports[key];
      holders += sign;
      if (holders == 0) load.host_ports.erase(key);
    }
  }
}

}  // namespace

void NodeLoad::set_node(NodePointer next) {
  node = std::move(next);
  allocatable = node ? resource_amounts(node->status().allocatable()) : ResourceAmounts{};
}

void NodeLoad::add(const corev1::Pod& pod) { weigh(*this, pod, 1); }

void NodeLoad::remove(const corev1::Pod& pod) { weigh(*this, pod, -1); }

}  // namespace stint
