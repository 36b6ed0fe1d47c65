#include "runtime/crun/driver.h"

#include <fcntl.h>

#include <algorithm>
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
constexpr int64_t kSharesMin = 2, kSharesMax = 262144;

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
      weighing_(loop, 1),
      scope_(loop) {}

Task<Result<SandboxStatus>> CrunDriver::create_sandbox(SandboxConfig config) {
  if (config.own_users) {
    co_return fail(Reason::kInvalid, "can't set `spec.hostUsers: false`, the runtime \"" + name() + "\" does not support user namespaces");
  }
  sandboxes_[config.id] = config;  // first: what is half made must be found by who removes it
  CO_TRY_VOID(co_await on_pool(loop_, [paths = paths_, cgroups = cgroups_, group = cgroup_of(config), config]() -> Result<void> {
    TRY_VOID(write_sandbox(paths, config));
    TRY_VOID(cgroups.create(group));
    const CgroupLimits& limits = config.limits;
    return cgroups.set_limits(group, {limits.cpu_shares, limits.cpu_quota_us, limits.memory_bytes_max, limits.pids_max});
  }));
  CO_TRY_VOID(co_await weigh_classes());
  if (!config.host_network) CO_TRY_VOID(co_await network_->take(config.id));
  if (!config.host_ports.empty()) CO_TRY_VOID(co_await publish_ports());
  co_return status_of(config);
}

Task<Result<void>> CrunDriver::publish_ports() {
  std::vector<PublishedPort> published;
  for (const auto& [id, sandbox] : sandboxes_) {
    const auto namespaces = network_->find(id);
    if (!namespaces) continue;
    for (const HostPort& port : sandbox.host_ports) published.push_back({port, namespaces->ip});
  }
  co_return co_await network_->publish(std::move(published));
}

// The pods of a class together get of the processor what they asked for together, and those that asked for nothing what is left.
Task<Result<void>> CrunDriver::weigh_classes() {
  const Slots::Held turn = co_await weighing_.take();
  int64_t burstable = 0;
  for (const auto& [id, sandbox] : sandboxes_) {
    if (sandbox.cgroup.starts_with("burstable/")) burstable += sandbox.limits.cpu_shares;
  }
  burstable = std::clamp(burstable, kSharesMin, kSharesMax);
  if (burstable == burstable_shares_) co_return Result<void>{};
  auto set = co_await on_pool(loop_, [cgroups = cgroups_, root = cgroup_root_, burstable]() -> Result<void> {
    for (const auto& [name, shares] : {std::pair{"/burstable", burstable}, std::pair{"/besteffort", kSharesMin}}) {
      TRY_VOID(cgroups.create(root + name));
      TRY_VOID(cgroups.set_limits(root + name, {.cpu_shares = shares}));
    }
    return {};
  });
  if (set) burstable_shares_ = burstable;
  co_return set;
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
  const bool had_ports = !found->second.host_ports.empty();
  sandboxes_.erase(sandbox_id);
  CO_TRY_VOID(co_await weigh_classes());
  if (had_ports) CO_TRY_VOID(co_await publish_ports());
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
  co_return co_await on_pool(loop_, [cgroups = cgroups_, group = container->record.cgroup] { return cgroups.usage(group); });
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
