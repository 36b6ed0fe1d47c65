// Talking to what runs: commands beside it, its own streams, its log, connections to its ports.
#include <filesystem>

#include "runtime/crun/attach_session.h"
#include "runtime/crun/driver.h"
#include "runtime/crun/pod_connection.h"

namespace stint::crun {
namespace {

constexpr Duration kReopenLook = std::chrono::milliseconds(2);
constexpr int kReopenLooks = 5000;  // 10 s, as other runtimes wait

}  // namespace

Result<CrunDriver::ContainerPtr> CrunDriver::find_running(const std::string& id) const {
  ContainerPtr container = find(id);
  if (container != nullptr && container->record.status.state == ContainerState::kRunning) return container;
  return fail(Reason::kNotFound, "container " + id + " does not run");
}

Task<Result<std::unique_ptr<ExecSession>>> CrunDriver::exec(std::string container_id, ExecOptions options) {
  CO_TRY(const ContainerPtr container, find_running(container_id));
  co_return co_await program_.exec(loop_, std::move(container_id), std::move(options));
}

Task<Result<std::unique_ptr<ExecSession>>> CrunDriver::attach(std::string container_id, AttachOptions options) {
  CO_TRY(const ContainerPtr container, find_running(container_id));
  AttachPlan plan{.bundle = paths_.bundle(container_id), .takes_input = options.in && container->record.takes_input};
  if (container->record.input_once && !plan.takes_input) plan.idle = container->idle;
  co_return co_await start_attach(loop_, std::move(plan));
}

Task<Result<void>> CrunDriver::reopen_log(std::string container_id) {
  CO_TRY(const ContainerPtr container, find_running(container_id));
  CO_TRY_VOID(co_await on_pool(loop_, [bundle = paths_.bundle(container_id)] { return order_log_reopened(bundle); }));
  // conmon does not answer; it makes the new file when it goes on in it.
  for (int looks = 0; looks < kReopenLooks; ++looks) {
    if (std::filesystem::exists(container->record.log_path)) co_return Result<void>{};
    if (container->ended.is_set()) co_return fail(Reason::kNotFound, "container " + container_id + " has ended");
    co_await sleep_for(loop_, kReopenLook);
  }
  co_return fail(Reason::kTimeout, "conmon does not make the log file " + container->record.log_path);
}

Task<Result<std::unique_ptr<PodConnection>>> CrunDriver::connect(std::string sandbox_id, int port) {
  const auto sandbox = sandboxes_.find(sandbox_id);
  if (sandbox == sandboxes_.end()) co_return fail(Reason::kNotFound, "sandbox " + sandbox_id + " is not there");
  std::string network_path;
  if (!sandbox->second.host_network) {
    const auto namespaces = network_->find(sandbox_id);
    if (!namespaces) co_return fail(Reason::kNotFound, "sandbox " + sandbox_id + " has no network");
    network_path = namespaces->network_path;
  }
  co_return co_await connect_to_pod(loop_, std::move(network_path), port);
}

}  // namespace stint::crun
