#include "runtime/crun/driver.h"

#include <fcntl.h>

#include <csignal>
#include <filesystem>

#include "base/log.h"
#include "os/file.h"
#include "runtime/crun/crun_runtime.h"

namespace stint {

using namespace crun;

Result<std::unique_ptr<Runtime>> make_crun_runtime(Loop& loop, RuntimeOptions options) {
  TRY(os::CgroupTree cgroups, os::CgroupTree::detect());
  const Paths paths(options.run_dir, options.data_dir);
  TRY(OciProgram program, OciProgram::find(options.program, paths, cgroups.hybrid_mount()));
  TRY(std::string version, program.version());
  TRY_VOID(prepare_directories(paths));
  TRY(auto network, PodNetwork::open(loop, options.run_dir, std::filesystem::path(options.run_dir).filename()));
  DriverParts parts{std::move(options), std::move(version), std::move(cgroups), std::move(program), std::move(network)};
  return std::make_unique<CrunDriver>(loop, std::move(parts));
}

}  // namespace stint

namespace stint::crun {
namespace {

// More at once than this only take the processor from each other.
constexpr int kParallelStarts = 8;
constexpr Duration kKillLimit = std::chrono::seconds(30);
constexpr Duration kCgroupRetry = std::chrono::milliseconds(5);
constexpr int kCgroupTries = 400;  // 2 s
constexpr int kOomScoreAdjLowest = -1000;

// Lowering it below what we have ourselves takes a right that root in a container or a virtual machine may lack.
int lowest_oom_score_adj() {
  auto open = os::open_path("/proc/self/oom_score_adj", O_RDWR);
  if (!open) return 0;
  bool end = false;
  const std::string own = os::read_available(open->get(), 16, &end).value_or("0");
  if (!os::write_all(open->get(), std::to_string(kOomScoreAdjLowest))) {
    log_warning("containers cannot be shielded from the kernel's want of memory", "lowest_oom_score_adj", std::atoi(own.c_str()));
    return std::atoi(own.c_str());
  }
  if (auto restored = os::write_all(open->get(), own); !restored)
    log_warning("own oom_score_adj stays low", "error", restored.error().message);
  return kOomScoreAdjLowest;
}

}  // namespace

CrunDriver::CrunDriver(Loop& loop, DriverParts parts)
    : loop_(loop),
      options_(std::move(parts.options)),
      version_(std::move(parts.version)),
      paths_(options_.run_dir, options_.data_dir),
      cgroup_root_("stint-" + std::filesystem::path(options_.run_dir).filename().string()),
      oom_score_adj_min_(lowest_oom_score_adj()),
      cgroups_(std::move(parts.cgroups)),
      program_(std::move(parts.program)),
      network_(std::move(parts.network)),
      starts_(loop, kParallelStarts),
      scope_(loop) {}

Task<Result<SandboxStatus>> CrunDriver::create_sandbox(SandboxConfig config) {
  sandboxes_[config.id] = config;  // first: what is half made must be found by who removes it
  CO_TRY_VOID(co_await on_pool(loop_, [paths = paths_, cgroups = cgroups_, group = cgroup_of(config), config]() -> Result<void> {
    TRY_VOID(write_sandbox(paths, config));
    TRY_VOID(cgroups.create(group));
    const CgroupLimits& limits = config.limits;
    return cgroups.set_limits(group, {limits.cpu_shares, limits.cpu_quota_us, limits.memory_bytes_max, limits.pids_max});
  }));
  if (!config.host_network) CO_TRY_VOID(co_await network_->take(config.id));
  co_return status_of(config);
}

SandboxStatus CrunDriver::status_of(const SandboxConfig& sandbox) const {
  SandboxStatus status{.id = sandbox.id, .ip = "", .ready = sandbox.host_network};
  if (const auto namespaces = network_->find(sandbox.id)) {
    status.ip = namespaces->ip;
    status.ready = true;
  }
  return status;
}

Task<Result<void>> CrunDriver::remove_sandbox(std::string sandbox_id) {
  const auto found = sandboxes_.find(sandbox_id);
  if (found == sandboxes_.end()) co_return Result<void>{};
  const std::string group = cgroup_of(found->second);
  std::vector<std::string> inside;
  for (const auto& [id, container] : containers_) {
    if (container->record.status.sandbox_id == sandbox_id) inside.push_back(id);
  }
  for (const std::string& id : inside) CO_TRY_VOID(co_await kill_and_remove(id));
  CO_TRY_VOID(co_await network_->give_back(sandbox_id));
  CO_TRY_VOID(co_await remove_cgroup(group));
  CO_TRY_VOID(co_await on_pool(loop_, [path = paths_.sandbox(sandbox_id)] { return os::remove_tree(path); }));
  sandboxes_.erase(sandbox_id);
  co_return Result<void>{};
}

Task<bool> CrunDriver::wait_ended(ContainerPtr container) {
  co_await container->ended.wait();
  co_return true;
}

Task<Result<void>> CrunDriver::kill_and_remove(std::string id) {
  CO_TRY_VOID(co_await signal_container(id, SIGKILL));
  const ContainerPtr container = find(id);
  if (container == nullptr) co_return Result<void>{};
  container->doomed = true;
  if (!co_await with_timeout(loop_, kKillLimit, wait_ended(container))) {
    co_return fail(Reason::kTimeout, "container " + id + " does not end after SIGKILL");
  }
  co_return co_await remove_container(id);
}

// Processes that were killed leave their group a moment later.
Task<Result<void>> CrunDriver::remove_cgroup(std::string group) {
  for (int tries = 1;; ++tries) {
    auto removed = co_await on_pool(loop_, [cgroups = cgroups_, group] { return cgroups.remove(group); });
    if (removed || removed.error().reason != Reason::kConflict || tries == kCgroupTries) co_return removed;
    co_await sleep_for(loop_, kCgroupRetry);
  }
}

CrunDriver::ContainerPtr CrunDriver::find(const std::string& id) const {
  const auto found = containers_.find(id);
  return found == containers_.end() ? nullptr : found->second;
}

std::optional<ContainerStatus> CrunDriver::status(const std::string& container_id) const {
  const ContainerPtr container = find(container_id);
  if (container == nullptr) return std::nullopt;
  return container->record.status;
}

Task<Result<ContainerUsage>> CrunDriver::usage(std::string container_id) {
  const ContainerPtr container = find(container_id);
  if (container == nullptr || container->record.status.state != ContainerState::kRunning) {
    co_return fail(Reason::kNotFound, "container " + container_id + " does not run");
  }
  CO_TRY(const os::Usage used,
         co_await on_pool(loop_, [cgroups = cgroups_, group = container->record.cgroup] { return cgroups.usage(group); }));
  co_return ContainerUsage{.cpu_time = used.cpu_time, .memory_bytes = used.memory_bytes};
}

std::vector<SandboxStatus> CrunDriver::list_sandboxes() const {
  std::vector<SandboxStatus> list;
  for (const auto& [id, config] : sandboxes_) list.push_back(status_of(config));
  return list;
}

std::vector<ContainerStatus> CrunDriver::list_containers() const {
  std::vector<ContainerStatus> list;
  for (const auto& [id, container] : containers_) list.push_back(container->record.status);
  return list;
}

Task<Result<void>> CrunDriver::shutdown(bool remove_everything) {
  if (!remove_everything) co_return Result<void>{};
  CO_TRY_VOID(co_await network_->remove_all());
  CO_TRY_VOID(co_await remove_cgroup(cgroup_root_));
  co_return co_await on_pool(loop_, [paths = paths_]() -> Result<void> {
    TRY_VOID(os::remove_tree(paths.run()));
    return os::remove_tree(paths.data());
  });
}

}  // namespace stint::crun
