// Watches over nodes: gives up those that show no sign of life, taints them by their conditions, and tells their pods. Signs of life are a
// renewed lease and a status; when they come is measured by this machine's clock alone. Loop thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/recorder.h"
#include "client/work_queue.h"
#include "control/controller.h"
#include "control/node_lifecycle/plan.h"

namespace stint::node_lifecycle {

class NodeLifecycleController : public Controller {
 public:
  explicit NodeLifecycleController(ControllerContext& context);
  void start() override;

 private:
  using NodePtr = std::shared_ptr<const corev1::Node>;
  struct Seen {
    std::string lease, heartbeat;  // as they were last
    Duration at{0};                // steady: when one of them changed
    std::string readiness = "True";
    bool pods_told = true;
  };
  Task<void> run();
  Task<void> look();
  Task<void> look_at(NodePtr node);
  Seen& see(const corev1::Node& node);
  Task<bool> tell_pods(std::string node);
  Task<Result<std::optional<Duration>>> sync_taints(std::string name);
  Eviction weigh() const;

  ControllerContext& context_;
  Informer& nodes_;
  Informer& leases_;
  Informer& pods_;
  Recorder recorder_;
  std::map<std::string, Seen> seen_;       // by node
  std::optional<Duration> next_eviction_;  // steady: when one node more may drive its pods off
  WorkQueue queue_;                        // taints, by node
  Scope scope_;
};

}  // namespace stint::node_lifecycle
