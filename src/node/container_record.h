// What the node knows of a pod's containers: the input of status computation. Plain values, rebuilt after a restart from the
// runtime and the pod's own status.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

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
  Duration end_seen_at{0};  // by the loop's steady clock; 0: in an earlier life of this process, or not yet

  bool running() const { return state == ContainerState::kRunning; }
  bool exited() const { return state == ContainerState::kExited; }
};

// Why a container of a pod whose containers all begin anew has no attempt of its own yet, and what became of the one before.
inline constexpr std::string_view kRestartingAllContainers = "RestartingAllContainers";

struct ContainerRecord {
  std::optional<ContainerInstance> current, previous;
  std::string image;     // normalised name, "" until the first start
  std::string image_id;  // with digest
  // Why the next attempt is not there yet: "ErrImagePull", "CrashLoopBackOff", …; "" while nothing stands in its way.
  std::string waiting_reason, waiting_message;

  // Of the running attempt, by its hook and probes.
  bool starting = false;  // its postStart hook is not through
  bool started = true, ready = true;
  std::string hook_failure;  // why it is killed at its start; "" none
  // With no `current`: the attempts that there were before all containers began anew.
  int restarts = 0;

  bool running() const { return current && current->running(); }
  bool exited() const { return current && current->exited(); }
  int next_attempt() const { return current ? current->attempt + 1 : restarts; }
};

inline constexpr std::string_view kEvicted = "Evicted";
inline constexpr Duration kEvictionGrace = std::chrono::seconds(1);

// Why the node ends a pod, with what it then says in its status.
struct PodEnd {
  std::string reason, message;
  Duration grace{0};        // at most
  bool disruption = false;  // it did nothing wrong: it gets the condition DisruptionTarget
};

struct PodRecord {
  std::map<std::string, ContainerRecord> containers;  // init and regular ones; names are unique in a pod
  bool sandbox_ready = false;
  std::string pod_ip;
  bool ending = false;        // being torn down: nothing will be restarted
  std::string failed_reason;  // "DeadlineExceeded", "OutOfcpu", …: the pod is Failed whatever its containers say
  std::string failed_message;
  bool restarting_all = false;  // a rule wants every container to begin anew, and some are not gone yet
  bool refused = false;         // never taken in: no container statuses
  std::string disruption;       // why the node ends a pod that did nothing wrong; "" it does not

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
