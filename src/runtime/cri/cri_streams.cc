// Talking to what runs: commands beside it, its own streams, its log, connections to its ports, and what it uses.
#include "api/json.h"
#include "runtime/cri/cri_driver.h"
#include "runtime/crun/pod_connection.h"

namespace stint::cri {
namespace {

// Where the network namespace of a sandbox is pinned, as runtimes tell for looking at: with the OCI configuration of its first container.
Result<std::string> network_path_of(const v1::PodSandboxStatusResponse& told) {
  const auto info = told.info().find("info");
  const auto document = info == told.info().end() ? Result<json::Value>(json::Value()) : json::parse(info->second);
  const json::Value* at = document ? &*document : nullptr;
  for (const char* name : {"runtimeSpec", "linux", "namespaces"}) at = at != nullptr ? at->find(name) : nullptr;
  if (at != nullptr && at->is_array()) {
    for (const json::Value& one : at->as_array()) {
      if (one.string_at("type") == "network" && !one.string_at("path").empty()) return std::string(one.string_at("path"));
    }
  }
  return fail(Reason::kInternalError, "the container runtime does not tell where the network of sandbox " + told.status().id() + " is");
}

}  // namespace

Task<Result<ContainerUsage>> CriDriver::usage(std::string container_id) {
  CO_TRY(const ContainerPtr container, find_running(container_id));
  v1::ContainerStatsRequest request;
  request.set_container_id(container->cri_id);
  CO_TRY(const auto told, co_await service_->runtime<v1::ContainerStatsResponse>("ContainerStats", std::move(request)));
  co_return ContainerUsage{.cpu_time = std::chrono::nanoseconds(told.stats().cpu().usage_core_nano_seconds().value()),
                           .memory_bytes = static_cast<int64_t>(told.stats().memory().working_set_bytes().value())};
}

Task<Result<std::unique_ptr<ExecSession>>> CriDriver::exec(std::string container_id, ExecOptions options) {
  CO_TRY(const ContainerPtr container, find_running(container_id));
  co_return co_await open_exec(service_, container->cri_id, std::move(options));
}

Task<Result<std::unique_ptr<ExecSession>>> CriDriver::attach(std::string container_id, AttachOptions options) {
  CO_TRY(const ContainerPtr container, find_running(container_id));
  co_return co_await open_attach(service_, container->cri_id, options.in && container->takes_input, container->terminal);
}

Task<Result<void>> CriDriver::reopen_log(std::string container_id) {
  CO_TRY(const ContainerPtr container, find_running(container_id));
  v1::ReopenContainerLogRequest request;
  request.set_container_id(container->cri_id);
  CO_TRY_VOID(co_await service_->runtime<v1::ReopenContainerLogResponse>("ReopenContainerLog", std::move(request)));
  co_return Result<void>{};
}

// The runtime is on this machine, and so is the network of its sandboxes: CRI's own way of forwarding tells of no failure.
Task<Result<std::unique_ptr<PodConnection>>> CriDriver::connect(std::string sandbox_id, int port) {
  const auto sandbox = sandboxes_.find(sandbox_id);
  if (sandbox == sandboxes_.end()) co_return fail(Reason::kNotFound, "sandbox " + sandbox_id + " is not there");
  std::string network_path;
  if (sandbox->second.config.linux().security_context().namespace_options().network() != v1::NODE) {
    v1::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(sandbox->second.cri_id);
    request.set_verbose(true);
    CO_TRY(const auto told, co_await service_->runtime<v1::PodSandboxStatusResponse>("PodSandboxStatus", std::move(request)));
    CO_TRY(network_path, network_path_of(told));
  }
  co_return co_await crun::connect_to_pod(loop_, std::move(network_path), port);
}

}  // namespace stint::cri
