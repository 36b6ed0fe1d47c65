// Empties a namespace that is being deleted, pods first, and lets it go when nothing is left. Loop thread only.
#pragma once

#include "client/work_queue.h"
#include "control/controller.h"
#include "control/namespaces/plan.h"

namespace stint::namespaces {

class NamespaceController : public Controller {
 public:
  explicit NamespaceController(ControllerContext& context);
  void start() override;

 private:
  void observe_content(const Object& old, const Object& next);
  Task<Result<std::optional<Duration>>> sync(std::string name);
  Task<Result<Remaining>> delete_all(const Kind& kind, std::string ns, std::vector<std::string>* failures);
  Task<Result<std::vector<Remaining>>> delete_content(std::string ns, std::vector<std::string>* failures);
  Task<Result<void>> report(std::shared_ptr<const corev1::Namespace> ns, std::vector<Remaining> remaining,
                            std::vector<std::string> failures);

  ControllerContext& context_;
  Informer& namespaces_;
  WorkQueue queue_;
};

}  // namespace stint::namespaces
