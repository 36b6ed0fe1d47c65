// A container from start to removal. Each step leaves on disk what the next life needs to go on from there.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "base/log.h"
#include "os/file.h"
#include "os/process_holder.h"
#include "runtime/crun/driver.h"
#include "runtime/crun/image_user.h"
#include "runtime/crun/seccomp.h"

namespace stint::crun {
namespace {

constexpr int kStartErrorCode = 128;
constexpr Duration kProcessHolderLimit = std::chrono::seconds(10);
constexpr int kUnknownExitCode = 137;  // as upstream when nobody knows
constexpr size_t kExitFileBytesMax = 64;

struct Exit {
  std::optional<int> code;
  WallTime at;
  bool oom_killed = false;
};

// conmon writes the exit file as the container ends, and before it ends itself; without one it was killed. So the file tells the moment
// too, also of an end that nobody saw.
Exit read_exit(const Paths& paths, const os::CgroupTree& cgroups, const ContainerRecord& record, WallTime now) {
  Exit exit{.at = now};
  const std::string path = paths.exit_file(record.status.id);
  if (const auto text = os::read_file(path, kExitFileBytesMax)) {
    int code = 0;
    if (std::from_chars(text->data(), text->data() + text->size(), code).ec == std::errc()) exit.code = code;
    if (const auto written = os::modified_at(path)) exit.at = std::clamp(*written, std::min(record.status.started_at, now), now);
  }
  exit.oom_killed = cgroups.oom_kills(record.cgroup).value_or(0) > 0;
  return exit;
}

void set_exit(ContainerStatus& status, const Exit& exit) {
  status.state = ContainerState::kExited;
  status.finished_at = exit.at;
  status.exit_code = exit.code.value_or(kUnknownExitCode);
  status.oom_killed = exit.oom_killed;  // also when a child was killed and its parent went on, as containerd tells it
  if (!exit.code) {
    status.reason = "ContainerStatusUnknown";
    status.message = "The container could not be located when the pod was terminated";
  } else {
    status.reason = status.oom_killed ? "OOMKilled" : status.exit_code == 0 ? "Completed" : "Error";
  }
}

// As containerd: a directory where there is nothing to mount.
Result<void> make_mount_sources(const std::vector<Mount>& mounts) {
  for (const Mount& mount : mounts) {
    if (access(mount.source.c_str(), F_OK) == 0 || errno != ENOENT) continue;
    if (auto made = os::make_directories(mount.source); !made) {
      made.error().message = "failed to mkdir \"" + mount.source + "\": " + made.error().message;
      return made;
    }
  }
  return {};
}

Result<void> make_root_directories(const std::string& files) {
  for (const char* part : {"/upper", "/work", "/root"}) TRY_VOID(os::make_directories(files + part));
  return {};
}

}  // namespace

Task<Result<ContainerStatus>> CrunDriver::start_container(ContainerConfig config) {
  if (const ContainerPtr known = find(config.id)) co_return known->record.status;
  const auto sandbox = sandboxes_.find(config.sandbox_id);
  if (sandbox == sandboxes_.end()) co_return fail(Reason::kNotFound, "sandbox " + config.sandbox_id + " is not there");
  const Slots::Held slot = co_await starts_.take();
  auto container = std::make_shared<Container>(loop_);
  ContainerRecord& record = container->record;
  record.status = {
      .id = config.id, .sandbox_id = config.sandbox_id, .name = config.name, .attempt = config.attempt, .state = ContainerState::kCreated};
  record.cgroup = cgroup_of(sandbox->second) + "/" + config.id;
  record.log_path = config.log_path;
  record.takes_input = config.stdin_open;
  record.input_once = config.stdin_open && config.stdin_once && !config.tty;
  containers_[config.id] = container;
  Result<void> prepared = co_await prepare(config, record);
  if (!prepared) {
    auto removed = co_await remove_container(config.id);
    if (!removed) log_warning("half made container stays", "container", config.id, "error", removed.error().message);
    containers_.erase(config.id);  // the next try makes it anew over what is there
    // Who came to remove it meanwhile waits for its end.
    container->ended.set();
    container->cleaned.set();
    co_return fail(prepared.error());
  }
  const Result<void> launched = co_await launch(config);
  if (!launched) co_return co_await note_not_started(container, launched.error().message);
  co_await note_running(container);
  co_return container->record.status;
}

Task<Result<std::string>> CrunDriver::shared_processes(const SandboxConfig& sandbox) {
  // The group tells which process it is, also to the next life of this one.
  const std::string group = cgroup_of(sandbox) + "/pause";
  const auto find = [cgroups = cgroups_, group]() -> Result<std::optional<int>> {
    TRY(const std::vector<int> pids, cgroups.processes(group));
    return os::find_process_holder(pids);
  };
  CO_TRY(std::optional<int> holder, co_await on_pool(loop_, find));
  if (!holder) {
    // One that an earlier try left half way is not to be trusted with anything.
    const auto begin_anew = [cgroups = cgroups_, group]() -> Result<std::vector<std::string>> {
      if (const auto left = cgroups.processes(group)) std::ranges::for_each(*left, [](int pid) { kill(pid, SIGKILL); });
      return cgroups.create_leaf(group);
    };
    CO_TRY(const std::vector<std::string> files, co_await on_pool(loop_, begin_anew));
    CO_TRY(const os::ProcessResult made, co_await os::run(loop_, os::process_holder_command(files), kProcessHolderLimit));
    CO_TRY(holder, co_await on_pool(loop_, find));
    if (made.exit_code != 0 || !holder)
      co_return fail(Reason::kInternalError, "no process namespace for the sandbox " + sandbox.id + ": " + made.err);
  }
  co_return "/proc/" + std::to_string(*holder) + "/ns/pid";
}

// Everything on disk that the OCI runtime and the next life of this process need.
Task<Result<void>> CrunDriver::prepare(const ContainerConfig& config, const ContainerRecord& record) {
  CO_TRY(const std::vector<std::string> layers, options_.image_layers(config.image_id));
  const SandboxConfig sandbox = sandboxes_.at(config.sandbox_id);
  std::string pid_path;
  if (sandbox.shares_processes) {
    CO_TRY(pid_path, co_await shared_processes(sandbox));
  } else if (!config.process_namespace_of.empty()) {
    const ContainerPtr target = find(config.process_namespace_of);
    if (target == nullptr || !target->init) co_return fail(Reason::kNotFound, "container " + config.process_namespace_of + " does not run");
    pid_path = "/proc/" + std::to_string(target->record.init.pid) + "/ns/pid";
  }
  PodNamespaces namespaces = network_->find(sandbox.id).value_or(PodNamespaces{});
  co_return co_await on_pool(loop_, [=, this_paths = paths_, version = cgroups_.version(), oom_min = oom_score_adj_min_]() -> Result<void> {
    TRY(UserIds user, resolve_user(config.user, layers, config.supplemental_groups, config.image_groups));
    OciConfigInput input{.container = config, .sandbox = sandbox, .user = std::move(user)};
    input.root_dir = this_paths.files(config.id) + "/root";
    input.cgroup = "/" + record.cgroup;
    input.network_path = namespaces.network_path;
    input.ipc_path = namespaces.ipc_path;
    input.pid_path = pid_path;
    input.cgroup_version = version;
    input.oom_score_adj_min = oom_min;
    if (config.privileged) {
      TRY(input.devices, os::host_devices());
    }
    if (config.seccomp.kind == SeccompChoice::Kind::kLocalhost && !config.privileged) {
      TRY(input.seccomp_profile, read_seccomp_profile(config.seccomp.path));
    }
    TRY(const std::string text, build_oci_config(input));
    TRY_VOID(make_mount_sources(config.mounts));
    TRY_VOID(make_root_directories(this_paths.files(config.id)));
    TRY_VOID(os::make_directories(this_paths.bundle(config.id), 0700));
    TRY_VOID(write_container(this_paths, record));
    return os::write_file_atomically(this_paths.config(config.id), text, os::Durability::kVisible);
  });
}

Task<Result<void>> CrunDriver::launch(const ContainerConfig& config) {
  const std::string files = paths_.files(config.id);
  CO_TRY(std::vector<std::string> layers, options_.image_layers(config.image_id));
  Launch launch{
      .id = config.id, .log_path = config.log_path, .tty = config.tty, .stdin_open = config.stdin_open, .stdin_once = config.stdin_once};
  launch.root = {.lower_dirs = std::move(layers), .upper_dir = files + "/upper", .work_dir = files + "/work", .target = files + "/root"};
  CO_TRY_VOID(co_await program_.create(loop_, std::move(launch)));
  co_return co_await program_.start(loop_, config.id);
}

// It runs, whatever fails here: without a record the next life finds that out by itself (recovery.cc).
Task<void> CrunDriver::note_running(ContainerPtr container) {
  ContainerRecord& record = container->record;
  record.status.state = ContainerState::kRunning;
  record.status.started_at = loop_.now();
  struct Processes {
    ContainerRecord record;
    os::Descriptor conmon, init;
  };
  Processes found = co_await on_pool(loop_, [paths = paths_, record] {
    Processes processes{.record = record};
    const std::string& id = record.status.id;
    // Either may have ended already: then the exit file tells.
    if (auto conmon = process_of_pid_file(paths.conmon_pid_file(id))) processes.record.conmon = *conmon;
    if (auto init = process_of_pid_file(paths.pid_file(id))) processes.record.init = *init;
    if (auto conmon = open_process(processes.record.conmon)) processes.conmon = *std::move(conmon);
    if (auto init = open_process(processes.record.init)) processes.init = *std::move(init);
    if (auto written = write_container(paths, processes.record); !written) {
      log_warning("container record is not written", "container", id, "error", written.error().message);
    }
    return processes;
  });
  record = std::move(found.record);
  container->conmon = std::move(found.conmon);
  container->init = std::move(found.init);
  scope_.spawn(watch(container));
  if (!container->doomed || !container->init) co_return;
  if (auto sent = os::signal_pidfd(container->init.get(), SIGKILL); !sent) {
    log_warning("container not killed", "container", record.status.id, "error", sent.error().message);
  }
}

// The command could not be executed, or the runtime refused the configuration.
Task<ContainerStatus> CrunDriver::note_not_started(ContainerPtr container, std::string message) {
  ContainerStatus& status = container->record.status;
  status.state = ContainerState::kExited;
  status.reason = "StartError";
  status.exit_code = kStartErrorCode;
  status.message = std::move(message);
  status.started_at = WallTime{};
  status.finished_at = loop_.now();
  auto written = co_await on_pool(loop_, [paths = paths_, record = container->record] { return write_container(paths, record); });
  if (!written) log_warning("container record is not written", "container", status.id, "error", written.error().message);
  container->ended.set();
  co_await forget_in_runtime(container);
  co_return status;
}

Task<void> CrunDriver::watch(ContainerPtr container) {
  if (container->conmon) co_await os::exited(loop_, container->conmon.get());
  co_await note_exit(container);
}

Task<void> CrunDriver::note_exit(ContainerPtr container) {
  ContainerRecord& record = container->record;
  const WallTime now = loop_.now();
  auto noted = co_await on_pool(loop_, [paths = paths_, cgroups = cgroups_, record, now] {
    ContainerRecord next = record;
    set_exit(next.status, read_exit(paths, cgroups, record, now));
    if (auto written = write_container(paths, next); !written) {
      log_warning("container record is not written", "container", record.status.id, "error", written.error().message);
    }
    return next;
  });
  record = std::move(noted);
  container->conmon.reset();
  container->init.reset();
  container->ended.set();
  if (exit_handler_) exit_handler_(record.status);
  co_await forget_in_runtime(container);
}

Task<void> CrunDriver::forget_in_runtime(ContainerPtr container) {
  const std::string id = container->record.status.id;
  auto removed = co_await program_.remove(loop_, id);
  if (!removed) log_warning("the runtime keeps a container that ended", "container", id, "error", removed.error().message);
  container->cleaned.set();
}

Task<Result<void>> CrunDriver::signal_container(std::string container_id, int signal) {
  const ContainerPtr container = find(container_id);
  if (container == nullptr || !container->init) co_return Result<void>{};
  co_return os::signal_pidfd(container->init.get(), signal);
}

Task<Result<void>> CrunDriver::remove_container(std::string container_id) {
  const ContainerPtr container = find(container_id);
  if (container == nullptr) co_return Result<void>{};
  if (container->record.status.state == ContainerState::kRunning) co_return co_await kill_and_remove(container_id);
  if (container->ended.is_set()) co_await container->cleaned.wait();
  CO_TRY_VOID(co_await on_pool(loop_, [paths = paths_, container_id]() -> Result<void> {
    TRY_VOID(os::remove_tree(paths.files(container_id)));
    TRY_VOID(os::remove_tree(paths.exit_file(container_id)));
    return os::remove_tree(paths.bundle(container_id));
  }));
  containers_.erase(container_id);
  co_return Result<void>{};
}

}  // namespace stint::crun
