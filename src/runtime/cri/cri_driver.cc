#include "runtime/cri/cri_driver.h"

#include <csignal>
#include <filesystem>

#include "base/log.h"
#include "runtime/cri/cri_runtime.h"

namespace stint {

Result<std::unique_ptr<Runtime>> make_cri_runtime(Loop& loop, RuntimeOptions options) {
  TRY(auto service, cri::Service::open(loop, options.endpoint));
  TRY(os::CgroupTree cgroups, os::CgroupTree::detect());
  return std::make_unique<cri::CriDriver>(loop, std::move(service), std::move(cgroups), std::filesystem::path(options.run_dir).filename());
}

}  // namespace stint

namespace stint::cri {
namespace {

// Between two looks while something runs.
constexpr Duration kLook = std::chrono::milliseconds(100);
constexpr Duration kCgroupRetry = std::chrono::milliseconds(5);
constexpr int kCgroupTries = 400;  // 2 s
// Longer than any grace period: who asked for SIGTERM sends SIGKILL himself.
constexpr std::chrono::seconds kNoEnd = std::chrono::hours(24 * 365);

// What is not there is removed already.
Result<void> unless_gone(Result<void> result) {
  if (!result && result.error().reason == Reason::kNotFound) return {};
  return result;
}

template <class Answer>
Result<void> dropped(Result<Answer> answer) {
  if (!answer) return std::unexpected(std::move(answer).error());
  return {};
}

}  // namespace

CriDriver::CriDriver(Loop& loop, std::shared_ptr<Service> service, os::CgroupTree cgroups, std::string instance)
    : loop_(loop),
      service_(std::move(service)),
      cgroups_(std::move(cgroups)),
      instance_(std::move(instance)),
      cgroup_root_("stint-" + instance_),
      runs_(loop),
      scope_(loop) {}

CriDriver::ContainerPtr CriDriver::find(const std::string& id) const {
  const auto found = containers_.find(id);
  return found == containers_.end() ? nullptr : found->second;
}

Result<CriDriver::ContainerPtr> CriDriver::find_running(const std::string& id) const {
  ContainerPtr container = find(id);
  if (container != nullptr && container->status.state == ContainerState::kRunning) return container;
  return fail(Reason::kNotFound, "container " + id + " does not run");
}

std::optional<ContainerStatus> CriDriver::status(const std::string& container_id) const {
  const ContainerPtr container = find(container_id);
  if (container == nullptr) return std::nullopt;
  return container->status;
}

std::vector<SandboxStatus> CriDriver::list_sandboxes() const {
  std::vector<SandboxStatus> list;
  for (const auto& [id, sandbox] : sandboxes_) list.push_back(sandbox.status);
  return list;
}

std::vector<ContainerStatus> CriDriver::list_containers() const {
  std::vector<ContainerStatus> list;
  for (const auto& [id, container] : containers_) list.push_back(container->status);
  return list;
}

// --- sandboxes ---

Task<Result<SandboxStatus>> CriDriver::create_sandbox(SandboxConfig config) {
  if (const auto found = sandboxes_.find(config.id); found != sandboxes_.end()) {
    if (found->second.status.ready) co_return found->second.status;
    CO_TRY_VOID(co_await remove_sandbox(config.id));  // it has stopped, or was never whole
  }
  const std::string group = cgroup_root_ + "/" + config.cgroup;
  v1::PodSandboxConfig wanted = sandbox_config(config, instance_, group);
  sandboxes_[config.id] = {.cri_id = "", .config = wanted, .status = {.id = config.id}};  // first: who removes it must find its group
  CO_TRY_VOID(co_await on_pool(loop_, [cgroups = cgroups_, group, limits = config.limits]() -> Result<void> {
    TRY_VOID(cgroups.create(group));
    return cgroups.set_limits(group, {limits.cpu_shares, limits.cpu_quota_us, limits.memory_bytes_max, limits.pids_max});
  }));
  v1::RunPodSandboxRequest request;
  *request.mutable_config() = wanted;
  CO_TRY(const auto made, co_await service_->runtime<v1::RunPodSandboxResponse>("RunPodSandbox", std::move(request), kLongCall));
  sandboxes_[config.id].cri_id = made.pod_sandbox_id();
  CO_TRY(Sandbox sandbox, co_await look_at_sandbox(made.pod_sandbox_id(), std::move(wanted)));
  co_return (sandboxes_[config.id] = std::move(sandbox)).status;
}

Task<Result<CriDriver::Sandbox>> CriDriver::look_at_sandbox(std::string cri_id, v1::PodSandboxConfig config) {
  v1::PodSandboxStatusRequest request;
  request.set_pod_sandbox_id(cri_id);
  CO_TRY(const auto told, co_await service_->runtime<v1::PodSandboxStatusResponse>("PodSandboxStatus", std::move(request)));
  Sandbox sandbox{.cri_id = std::move(cri_id), .config = std::move(config)};
  sandbox.status = {
      .id = sandbox.config.metadata().uid(), .ip = told.status().network().ip(), .ready = told.status().state() == v1::SANDBOX_READY};
  if (sandbox.config.linux().security_context().namespace_options().network() == v1::NODE) sandbox.status.ip.clear();
  co_return sandbox;
}

Task<Result<void>> CriDriver::remove_sandbox(std::string sandbox_id) {
  const auto found = sandboxes_.find(sandbox_id);
  if (found == sandboxes_.end()) co_return Result<void>{};
  const std::string cri_id = found->second.cri_id, group = cgroup_of(found->second.config);
  std::vector<std::string> inside;
  for (const auto& [id, container] : containers_) {
    if (container->status.sandbox_id == sandbox_id) inside.push_back(id);
  }
  for (const std::string& id : inside) CO_TRY_VOID(co_await remove_container(id));
  if (!cri_id.empty()) CO_TRY_VOID(co_await remove_in_runtime(cri_id));
  CO_TRY_VOID(co_await remove_cgroup(group));
  sandboxes_.erase(sandbox_id);
  co_return Result<void>{};
}

Task<Result<void>> CriDriver::remove_in_runtime(std::string cri_id) {
  v1::StopPodSandboxRequest stop;
  stop.set_pod_sandbox_id(cri_id);
  CO_TRY_VOID(unless_gone(dropped(co_await service_->runtime<v1::StopPodSandboxResponse>("StopPodSandbox", std::move(stop), kLongCall))));
  v1::RemovePodSandboxRequest remove;
  remove.set_pod_sandbox_id(cri_id);
  co_return unless_gone(
      dropped(co_await service_->runtime<v1::RemovePodSandboxResponse>("RemovePodSandbox", std::move(remove), kLongCall)));
}

// Processes that were killed leave their group a moment later.
Task<Result<void>> CriDriver::remove_cgroup(std::string group) {
  for (int tries = 1;; ++tries) {
    auto removed = co_await on_pool(loop_, [cgroups = cgroups_, group] { return cgroups.remove(group); });
    if (removed || removed.error().reason != Reason::kConflict || tries == kCgroupTries) co_return removed;
    co_await sleep_for(loop_, kCgroupRetry);
  }
}

// --- containers ---

Task<Result<ContainerStatus>> CriDriver::start_container(ContainerConfig config) {
  if (const ContainerPtr known = find(config.id)) co_return known->status;
  const auto sandbox = sandboxes_.find(config.sandbox_id);
  if (sandbox == sandboxes_.end()) co_return fail(Reason::kNotFound, "sandbox " + config.sandbox_id + " is not there");
  v1::CreateContainerRequest create;
  create.set_pod_sandbox_id(sandbox->second.cri_id);
  *create.mutable_sandbox_config() = sandbox->second.config;
  CO_TRY(*create.mutable_config(), container_config(config, instance_, sandbox->second.config));
  CO_TRY(const auto created, co_await service_->runtime<v1::CreateContainerResponse>("CreateContainer", std::move(create), kLongCall));
  const auto container = std::make_shared<Container>(
      Container{.cri_id = created.container_id(), .status = {}, .takes_input = config.stdin_open, .terminal = config.tty});
  container->status = {
      .id = config.id, .sandbox_id = config.sandbox_id, .name = config.name, .attempt = config.attempt, .state = ContainerState::kCreated};
  containers_[config.id] = container;
  v1::StartContainerRequest start;
  start.set_container_id(container->cri_id);
  auto started = co_await service_->runtime<v1::StartContainerResponse>("StartContainer", std::move(start), kLongCall);
  if (!started) co_return co_await note_not_started(container, std::move(started).error());
  container->status.state = ContainerState::kRunning;
  container->status.started_at = loop_.now();
  runs_.set();
  CO_TRY_VOID(co_await refresh(container));
  co_return container->status;
}

// The command could not be executed: CRI tells of a container that has ended. Or the call failed, and the container goes.
Task<Result<ContainerStatus>> CriDriver::note_not_started(ContainerPtr container, Error why) {
  v1::ContainerStatusRequest request;
  request.set_container_id(container->cri_id);
  const auto told = co_await service_->runtime<v1::ContainerStatusResponse>("ContainerStatus", std::move(request));
  if (told && told->status().state() == v1::CONTAINER_EXITED) {
    take_status(told->status(), container->status);
    container->status.started_at = WallTime{};
    co_return container->status;
  }
  if (auto removed = co_await remove_container(container->status.id); !removed) {
    log_warning("half made container stays", "container", container->status.id, "error", removed.error().message);
  }
  containers_.erase(container->status.id);
  co_return fail(std::move(why));
}

Task<Result<void>> CriDriver::refresh(ContainerPtr container) {
  v1::ContainerStatusRequest request;
  request.set_container_id(container->cri_id);
  const auto told = co_await service_->runtime<v1::ContainerStatusResponse>("ContainerStatus", std::move(request));
  ContainerStatus& status = container->status;
  if (status.state != ContainerState::kRunning) co_return Result<void>{};  // somebody else heard of its end meanwhile
  if (told) {
    take_status(told->status(), status);
    if (status.state != ContainerState::kExited) status.state = ContainerState::kRunning;
  } else if (told.error().reason == Reason::kNotFound) {
    status.state = ContainerState::kExited;
    status.finished_at = loop_.now();
    status.exit_code = 128 + SIGKILL;
    status.reason = "ContainerStatusUnknown";
    status.message = "The container could not be located when the pod was terminated";
  } else {
    co_return std::unexpected(told.error());
  }
  if (status.state == ContainerState::kExited && exit_handler_) exit_handler_(status);
  co_return Result<void>{};
}

Task<void> CriDriver::watch() {
  while (true) {
    co_await runs_.wait();
    co_await look_for_ends();
    co_await sleep_for(loop_, kLook);
  }
}

Task<void> CriDriver::look_for_ends() {
  v1::ListContainersRequest request;
  (*request.mutable_filter()->mutable_label_selector())[kInstanceLabel] = instance_;
  std::vector<ContainerPtr> running;
  for (const auto& [id, container] : containers_) {
    if (container->status.state == ContainerState::kRunning) running.push_back(container);
  }
  if (running.empty()) {
    runs_.reset();
    co_return;
  }
  const auto list = co_await service_->runtime<v1::ListContainersResponse>("ListContainers", std::move(request));
  if (!list) {
    log_warning("the container runtime is not heard from", "error", list.error().message);
    co_return;
  }
  std::map<std::string, v1::ContainerState> states;
  for (const v1::Container& one : list->containers()) states[one.id()] = one.state();
  for (const ContainerPtr& container : running) {
    const auto found = states.find(container->cri_id);
    if (found != states.end() && found->second == v1::CONTAINER_RUNNING) continue;
    if (auto asked = co_await refresh(container); !asked) {
      log_warning("the end of a container is not known yet", "container", container->status.id, "error", asked.error().message);
    }
  }
}

// CRI knows two signals: the one that asks, which the runtime takes from the image, and SIGKILL.
Task<Result<void>> CriDriver::signal_container(std::string container_id, int signal) {
  const ContainerPtr container = find(container_id);
  if (container == nullptr || container->status.state != ContainerState::kRunning || signal == 0) co_return Result<void>{};
  if (signal == SIGKILL) co_return co_await stop(container, std::chrono::seconds(0));
  scope_.spawn(ask_to_stop(container));
  co_return Result<void>{};
}

Task<void> CriDriver::ask_to_stop(ContainerPtr container) {
  if (auto stopped = co_await stop(container, kNoEnd); !stopped && stopped.error().reason != Reason::kTimeout) {
    log_warning("container not asked to stop", "container", container->status.id, "error", stopped.error().message);
  }
}

Task<Result<void>> CriDriver::stop(ContainerPtr container, std::chrono::seconds grace) {
  v1::StopContainerRequest request;
  request.set_container_id(container->cri_id);
  request.set_timeout(grace.count());
  CO_TRY_VOID(
      unless_gone(dropped(co_await service_->runtime<v1::StopContainerResponse>("StopContainer", std::move(request), grace + kLongCall))));
  co_return co_await refresh(container);
}

Task<Result<void>> CriDriver::remove_container(std::string container_id) {
  const ContainerPtr container = find(container_id);
  if (container == nullptr) co_return Result<void>{};
  if (container->status.state == ContainerState::kRunning) CO_TRY_VOID(co_await stop(container, std::chrono::seconds(0)));
  v1::RemoveContainerRequest request;
  request.set_container_id(container->cri_id);
  CO_TRY_VOID(
      unless_gone(dropped(co_await service_->runtime<v1::RemoveContainerResponse>("RemoveContainer", std::move(request), kLongCall))));
  containers_.erase(container_id);
  co_return Result<void>{};
}

// --- from one life to the next ---

Task<Result<void>> CriDriver::recover() {
  CO_TRY(const auto version, co_await service_->runtime<v1::VersionResponse>("Version", v1::VersionRequest()));
  name_ = version.runtime_name();
  version_ = version.runtime_version();
  CO_TRY_VOID(co_await recover_sandboxes());
  CO_TRY_VOID(co_await recover_containers());
  if (scope_.empty()) scope_.spawn(watch());
  runs_.set();
  co_return Result<void>{};
}

Task<Result<void>> CriDriver::recover_sandboxes() {
  v1::ListPodSandboxRequest request;
  (*request.mutable_filter()->mutable_label_selector())[kInstanceLabel] = instance_;
  CO_TRY(const auto list, co_await service_->runtime<v1::ListPodSandboxResponse>("ListPodSandbox", std::move(request)));
  std::map<std::string, Sandbox> found;
  for (const v1::PodSandbox& one : list.items()) {
    CO_TRY(v1::PodSandboxConfig config, read_sandbox_config(one));
    const std::string id = config.metadata().uid();
    CO_TRY(Sandbox sandbox, co_await look_at_sandbox(one.id(), std::move(config)));
    // Of two of one pod the one that is ready: the other was being removed.
    if (const auto other = found.find(id); other != found.end() && other->second.status.ready) {
      CO_TRY_VOID(co_await remove_in_runtime(one.id()));
      continue;
    }
    found[id] = std::move(sandbox);
  }
  sandboxes_ = std::move(found);
  co_return Result<void>{};
}

Task<Result<void>> CriDriver::recover_containers() {
  v1::ListContainersRequest request;
  (*request.mutable_filter()->mutable_label_selector())[kInstanceLabel] = instance_;
  CO_TRY(const auto list, co_await service_->runtime<v1::ListContainersResponse>("ListContainers", std::move(request)));
  for (const v1::Container& one : list.containers()) {
    const std::string id = one.labels().contains(kContainerLabel) ? one.labels().at(kContainerLabel) : "";
    const auto container = std::make_shared<Container>(Container{.cri_id = one.id(),
                                                                 .status = {},
                                                                 .takes_input = one.annotations().contains(kInputAnnotation),
                                                                 .terminal = one.annotations().contains(kTerminalAnnotation)});
    container->status = {.id = id,
                         .sandbox_id = one.labels().contains(kSandboxLabel) ? one.labels().at(kSandboxLabel) : "",
                         .name = one.metadata().name(),
                         .attempt = static_cast<int>(one.metadata().attempt()),
                         .state = ContainerState::kRunning};
    containers_[id] = container;
    if (one.state() == v1::CONTAINER_CREATED) {  // made and never started: the next try makes it anew
      container->status.state = ContainerState::kCreated;
      CO_TRY_VOID(co_await remove_container(id));
    } else {
      CO_TRY_VOID(co_await refresh(container));
    }
  }
  co_return Result<void>{};
}

Task<Result<void>> CriDriver::shutdown(bool remove_everything) {
  if (!remove_everything) co_return Result<void>{};
  co_return co_await remove_cgroup(cgroup_root_);
}

}  // namespace stint::cri
