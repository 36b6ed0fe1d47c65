#include "node/exec.h"

#include "node/container_config.h"
#include "node/logs.h"
#include "node/phase.h"

namespace stint {

Task<Result<std::string>> NodeExec::find_running(std::string ns, std::string pod_name, std::string container) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  CO_TRY(container, choose_container(*pod, container));
  const auto* status = find_container_status(pod->status(), container);
  if (status == nullptr || !status->state().has_running()) {
    co_return fail(Reason::kNotFound, "container not found (\"" + container + "\")");
  }
  // Clients may write statuses: of the id there only the attempt is believed, or it would lead to a container of another pod.
  CO_TRY(const int attempt, choose_attempt(*pod, {.container = container}));
  co_return container_id(pod->metadata().uid(), container, attempt);
}

Task<Result<std::unique_ptr<ExecSession>>> NodeExec::exec(std::string container_id, ExecOptions options) {
  return runtime_.exec(std::move(container_id), std::move(options));
}

Task<Result<std::unique_ptr<ExecSession>>> NodeExec::attach(std::string container_id, AttachOptions options) {
  return runtime_.attach(std::move(container_id), options);
}

Task<Result<std::string>> NodeForward::find_sandbox(std::string ns, std::string pod_name) {
  CO_TRY(const auto pod, co_await get<corev1::Pod>(client_, ns, pod_name));
  for (const SandboxStatus& sandbox : runtime_.list_sandboxes()) {
    if (sandbox.id == pod->metadata().uid() && sandbox.ready) co_return sandbox.id;
  }
  co_return fail(Reason::kNotFound, "pod " + pod_name + " does not run: it has no network");
}

Task<Result<std::unique_ptr<PodConnection>>> NodeForward::connect(std::string sandbox_id, int port) {
  return runtime_.connect(std::move(sandbox_id), port);
}

}  // namespace stint
