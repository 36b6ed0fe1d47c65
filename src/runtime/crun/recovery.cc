// After a restart: what the records tell is held against what the machine shows. A container that still runs is taken over, one that ended
// meanwhile gets its exit code from conmon's file, and what no record knows is removed.
#include <unistd.h>

#include <csignal>
#include <set>

#include "base/log.h"
#include "os/file.h"
#include "runtime/crun/driver.h"

namespace stint::crun {
namespace {

constexpr std::string_view kRecordSuffix = ".json";

struct Found {
  std::vector<SandboxConfig> sandboxes;
  std::vector<ContainerRecord> containers;
};

// A record that cannot be read was being written when the machine stopped; what it stood for is swept.
Result<Found> read_records(const Paths& paths) {
  Found found;
  TRY(const auto sandboxes, os::list_directory(paths.sandboxes()));
  for (const std::string& name : sandboxes) {
    if (!name.ends_with(kRecordSuffix)) continue;
    auto sandbox = read_sandbox(paths, name.substr(0, name.size() - kRecordSuffix.size()));
    if (sandbox) found.sandboxes.push_back(*std::move(sandbox));
  }
  TRY(const auto containers, os::list_directory(paths.containers()));
  for (const std::string& id : containers) {
    if (auto record = read_container(paths, id)) found.containers.push_back(*std::move(record));
  }
  return found;
}

// We were killed between creating a container and noting that it runs. It runs if the runtime's start gate is gone.
void complete_record(const Paths& paths, ContainerRecord& record) {
  const std::string& id = record.status.id;
  const bool made = access((paths.oci() + "/" + id).c_str(), F_OK) == 0;
  const bool gate_closed = access((paths.oci() + "/" + id + "/exec.fifo").c_str(), F_OK) == 0;
  const bool ended = access(paths.exit_file(id).c_str(), F_OK) == 0;
  if (auto conmon = process_of_pid_file(paths.conmon_pid_file(id))) record.conmon = *conmon;
  if (auto init = process_of_pid_file(paths.pid_file(id))) record.init = *init;
  if (!ended && (!made || gate_closed)) return;
  record.status.state = ContainerState::kRunning;
}

void kill_process(const ProcessRef& process) {
  const auto open = open_process(process);
  if (!open) return;
  if (auto sent = os::signal_pidfd(open->get(), SIGKILL); !sent)
    log_warning("left over process stays", "pid", process.pid, "error", sent.error().message);
}

}  // namespace

Task<Result<void>> CrunDriver::recover() {
  CO_TRY_VOID(co_await network_->recover());
  auto found = co_await on_pool(loop_, [paths = paths_] { return read_records(paths); });
  if (!found) co_return std::unexpected(std::move(found).error());
  for (SandboxConfig& sandbox : found->sandboxes) sandboxes_[sandbox.id] = std::move(sandbox);
  CO_TRY_VOID(co_await recover_containers(std::move(found->containers)));
  co_return co_await sweep();
}

Task<Result<void>> CrunDriver::recover_containers(std::vector<ContainerRecord> records) {
  for (ContainerRecord& record : records) {
    if (!sandboxes_.contains(record.status.sandbox_id)) continue;
    const std::string id = record.status.id;
    auto container = std::make_shared<Container>(loop_);
    if (record.status.state == ContainerState::kCreated) complete_record(paths_, record);
    container->record = std::move(record);
    const ContainerState state = container->record.status.state;
    if (state == ContainerState::kCreated) {  // never ran: as if it had not been asked for
      kill_process(container->record.init);
      kill_process(container->record.conmon);
      continue;
    }
    containers_[id] = container;
    if (auto conmon = open_process(container->record.conmon)) container->conmon = *std::move(conmon);
    if (auto init = open_process(container->record.init)) container->init = *std::move(init);
    if (state == ContainerState::kExited) {
      container->ended.set();
      scope_.spawn(forget_in_runtime(container));
    } else {
      // Without conmon nobody keeps its streams and its exit code: it cannot go on.
      if (!container->conmon && container->init) kill_process(container->record.init);
      scope_.spawn(watch(container));
    }
  }
  co_return Result<void>{};
}

Task<Result<void>> CrunDriver::sweep() {
  CO_TRY(const auto states, os::list_directory(paths_.oci()));
  for (const std::string& id : states) {
    if (!containers_.contains(id)) CO_TRY_VOID(co_await program_.remove(loop_, id));
  }
  std::set<std::string> known;
  for (const auto& [id, container] : containers_) known.insert(id);
  CO_TRY_VOID(co_await on_pool(loop_, [paths = paths_, known]() -> Result<void> {
    for (const std::string& parent : {paths.containers(), paths.data(), paths.exits()}) {
      TRY(const auto names, os::list_directory(parent));
      for (const std::string& name : names) {
        if (!known.contains(name)) TRY_VOID(os::remove_tree(parent + "/" + name));
      }
    }
    return {};
  }));
  CO_TRY_VOID(co_await sweep_cgroups());
  for (const std::string& id : network_->sandboxes()) {
    if (!sandboxes_.contains(id)) CO_TRY_VOID(co_await network_->give_back(id));
  }
  co_return Result<void>{};
}

// A pod's group is named by its uid, below the root or below the group of its class of service.
Task<Result<void>> CrunDriver::sweep_cgroups() {
  std::set<std::string> known;
  for (const auto& [id, sandbox] : sandboxes_) known.insert(cgroup_of(sandbox));
  for (const char* parent : {"", "/burstable", "/besteffort"}) {
    const std::string group = cgroup_root_ + parent;
    CO_TRY(const auto names, cgroups_.children(group));
    for (const std::string& name : names) {
      const std::string child = group + "/" + name;
      if (name.starts_with("pod") && !known.contains(child)) CO_TRY_VOID(co_await remove_cgroup(child));
    }
  }
  co_return Result<void>{};
}

}  // namespace stint::crun
