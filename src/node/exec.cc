#include "node/exec.h"

#include "node/container_config.h"
#include "node/logs.h"
#include "node/phase.h"

namespace stint {

Task<Result<std::unique_ptr<ExecSession>>> NodeExec::exec(std::string ns, std::string pod_name, ExecOptions options) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  CO_TRY(options.container, choose_container(*pod, options.container));
  const auto* status = find_container_status(pod->status(), options.container);
  if (status == nullptr || !status->state().has_running()) {
    co_return fail(Reason::kNotFound, "container not found (\"" + options.container + "\")");
  }
  // Clients may write statuses: of the id there only the attempt is believed, or it would lead to a container of another pod.
  CO_TRY(const int attempt, choose_attempt(*pod, {.container = options.container}));
  std::string id = container_id(pod->metadata().uid(), options.container, attempt);
  co_return co_await runtime_.exec(std::move(id), std::move(options));
}

}  // namespace stint
