// After a restart: what the records tell is held against what the machine shows. A container that still runs is taken over, one that ended
// meanwhile gets its exit code from conmon's file, and what no record knows is removed.
#include <unistd.h>

#include <csignal>
#include <filesystem>
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
  // Written as it was made, a moment before it was started.
  record.status.started_at = os::modified_at(paths.pid_file(id)).value_or(WallTime{});
}

void kill_process(const ProcessRef& process) {
  const auto open = open_process(process);
  if (!open) return;
  if (auto sent = os::signal_pidfd(open->get(), SIGKILL); !sent)
    log_warning("left over process stays", "pid", process.pid, "error", sent.error().message);
}

// What cannot be removed now is tried again at the next start; no pod has to wait for it.
void note_leftover(std::string_view what, const std::string& name, const Result<void>& removed) {
  if (!removed) log_warning("left over from an earlier life", "what", what, "name", name, "error", removed.error().message);
}

void sweep_directory(const std::string& parent, const std::set<std::string>& known) {
  const auto names = os::list_directory(parent);
  if (!names) return note_leftover("directory", parent, std::unexpected(names.error()));
  for (const std::string& name : *names) {
    if (!known.contains(name)) note_leftover("files", parent + "/" + name, os::remove_tree(parent + "/" + name));
  }
}

}  // namespace

// Fails before anything was taken over, or not at all: so it may be tried again.
Task<Result<void>> CrunDriver::recover() {
  auto found = co_await on_pool(loop_, [paths = paths_] { return read_records(paths); });
  if (!found) co_return std::unexpected(std::move(found).error());
  CO_TRY_VOID(co_await network_->recover());
  for (SandboxConfig& sandbox : found->sandboxes) sandboxes_[sandbox.id] = std::move(sandbox);
  recover_containers(std::move(found->containers));
  co_await sweep();
  co_return Result<void>{};
}

void CrunDriver::recover_containers(std::vector<ContainerRecord> records) {
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
}

Task<void> CrunDriver::restore_ports() {
  const Result<void> published = co_await publish_ports();
  if (!published) log_warning("ports of this machine do not lead to their pods", "error", published.error().message);
}

Task<void> CrunDriver::sweep() {
  const auto states = os::list_directory(paths_.oci());
  for (const std::string& id : states.value_or(std::vector<std::string>{})) {
    if (containers_.contains(id)) continue;
    const Result<void> removed = co_await program_.remove(loop_, id);
    note_leftover("container", id, removed);
  }
  std::set<std::string> known, records;
  for (const auto& [id, container] : containers_) known.insert(id);
  for (const auto& [id, sandbox] : sandboxes_) records.insert(std::filesystem::path(paths_.sandbox(id)).filename());
  co_await on_pool(loop_, [paths = paths_, known, records] {
    for (const std::string& parent : {paths.containers(), paths.data(), paths.exits()}) sweep_directory(parent, known);
    sweep_directory(paths.sandboxes(), records);
  });
  co_await sweep_cgroups();
  for (const std::string& id : network_->sandboxes()) {
    if (sandboxes_.contains(id)) continue;
    const Result<void> given_back = co_await network_->give_back(id);
    note_leftover("network", id, given_back);
  }
  scope_.spawn(restore_ports());
}

// A pod's group is named by its uid, below the root or below the group of its class of service.
Task<void> CrunDriver::sweep_cgroups() {
  std::set<std::string> known;
  for (const auto& [id, sandbox] : sandboxes_) known.insert(cgroup_of(sandbox));
  for (const char* parent : {"", "/burstable", "/besteffort"}) {
    const std::string group = cgroup_root_ + parent;
    const auto names = cgroups_.children(group);
    for (const std::string& name : names.value_or(std::vector<std::string>{})) {
      const std::string child = group + "/" + name;
      if (!name.starts_with("pod") || known.contains(child)) continue;
      const Result<void> removed = co_await remove_cgroup(child);
      note_leftover("cgroup", child, removed);
    }
  }
}

}  // namespace stint::crun
