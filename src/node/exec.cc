#include "node/exec.h"

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
  const std::string& url = status->containerid();  // "crun://<id>"
  std::string id = url.substr(url.find("://") + 3);
  co_return co_await runtime_.exec(std::move(id), std::move(options));
}

}  // namespace stint
