// The garbage collector: deletes what its owners left behind, finishes foreground and orphan deletions. Watches every kind that
// can own or be owned. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"
#include "control/garbage/plan.h"

namespace stint::garbage {

class GarbageController : public Controller {
 public:
  explicit GarbageController(ControllerContext& context);
  void start() override;

 private:
  void observe(const Kind& kind, const Object& old, const Object& next);
  void enqueue(const Kind& kind, const Message& object);
  void enqueue_owner(const metav1::OwnerReference& reference, std::string_view ns, Duration delay);
  std::vector<Object> dependents_of(std::string_view uid) const;

  Task<void> run();
  Task<Result<std::optional<Duration>>> sync(std::string key);
  Task<Result<std::optional<Duration>>> sync_dependent(const Kind& kind, Object object);
  Task<Result<std::optional<Duration>>> sync_owner(const Kind& kind, Object object);
  Task<Result<OwnerState>> state_of(metav1::OwnerReference reference, std::string ns);
  Task<Result<void>> release(Object owner, std::vector<Object> dependents);
  Task<Result<void>> drop_owners(const Kind& kind, Object object, std::vector<std::string> uids);

  ControllerContext& context_;
  std::vector<Informer*> informers_;
  WorkQueue queue_;
  Scope scope_;
};

}  // namespace stint::garbage
