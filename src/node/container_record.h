// What the node knows of a pod's containers: the input of status computation. Plain values, rebuilt after a restart from the
// runtime and the pod's own status.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "runtime/runtime.h"

namespace stint {

// One attempt at running a container.
struct ContainerInstance {
  std::string id;   // the runtime's; "" when the runtime never knew it
  int attempt = 0;  // restartCount as it was then
  ContainerState state = ContainerState::kUnknown;
  int exit_code = 0;
  std::string reason, message;
  WallTime started_at, finished_at;

  bool running() const { return state == ContainerState::kRunning; }
  bool exited() const { return state == ContainerState::kExited; }
};

struct ContainerRecord {
  std::optional<ContainerInstance> current, previous;
  std::string image;     // normalised name, "" until the first start
  std::string image_id;  // with digest
  // Why the next attempt is not there yet: "ErrImagePull", "CrashLoopBackOff", …; "" while nothing stands in its way.
  std::string waiting_reason, waiting_message;

  bool running() const { return current && current->running(); }
  bool exited() const { return current && current->exited(); }
};

struct PodRecord {
  std::map<std::string, ContainerRecord> containers;  // init and regular ones; names are unique in a pod
  bool sandbox_ready = false;
  std::string pod_ip;
  bool ending = false;        // being torn down: nothing will be restarted
  std::string failed_reason;  // "DeadlineExceeded", "OutOfcpu", …: the pod is Failed whatever its containers say
  std::string failed_message;
  bool refused = false;  // never taken in: no container statuses

  const ContainerRecord* find(const std::string& name) const {
    auto found = containers.find(name);
    return found == containers.end() ? nullptr : &found->second;
  }
  bool any_running() const {
    for (const auto& [name, record] : containers)
      if (record.running()) return true;
    return false;
  }
};

}  // namespace stint
