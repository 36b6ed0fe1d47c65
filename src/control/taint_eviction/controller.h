// Deletes pods of nodes with taints that they do not tolerate, or no longer. The time that a toleration gives is kept in memory, as
// upstream does: another life of this process gives it anew. Loop thread only.
#pragma once

#include <map>
#include <set>
#include <string>

#include "client/recorder.h"
#include "client/work_queue.h"
#include "control/controller.h"

namespace stint::taint_eviction {

class TaintEvictionController : public Controller {
 public:
  explicit TaintEvictionController(ControllerContext& context);
  void start() override;

 private:
  struct Tolerated {
    std::string uid;
    Duration since{0};  // steady: when the taints were seen first
  };
  void pod_changed(const Object& old, const Object& next);
  void node_changed(const Object& old, const Object& next);
  Task<void> run();
  Task<Result<std::optional<Duration>>> sync(std::string key);
  Task<Result<void>> evict(std::shared_ptr<const corev1::Pod> pod);
  void cancel(const std::string& key, const corev1::Pod* pod);

  ControllerContext& context_;
  Informer& pods_;
  Informer& nodes_;
  Recorder recorder_;
  Counter& deletions_;
  Histogram& lateness_;
  std::map<std::string, std::set<std::string>> on_node_;  // node → keys of the pods bound to it
  std::map<std::string, Tolerated> tolerated_;            // by pod; bounded by the pods of tainted nodes
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint::taint_eviction
