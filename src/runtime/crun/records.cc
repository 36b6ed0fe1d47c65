#include "runtime/crun/records.h"

#include <charconv>

#include "api/json.h"
#include "os/file.h"
#include "os/mounts.h"

namespace stint::crun {
namespace {

using json::Array;
using json::Members;
using json::Value;

constexpr size_t kRecordBytesMax = 1 << 20;
constexpr mode_t kPrivate = 0700;

int64_t int_at(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found != nullptr && found->is_int() ? found->as_int() : 0;
}
bool bool_at(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found != nullptr && found->is_bool() && found->as_bool();
}
WallTime time_at(const Value& value, std::string_view key) {
  return WallTime(std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(int_at(value, key))));
}
int64_t nanoseconds(WallTime time) { return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count(); }

Value to_json(const ProcessRef& process) {
  return Members{{"pid", static_cast<int64_t>(process.pid)}, {"startTicks", static_cast<int64_t>(process.start_ticks)}};
}
ProcessRef process_at(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  if (found == nullptr) return {};
  return {static_cast<pid_t>(int_at(*found, "pid")), static_cast<uint64_t>(int_at(*found, "startTicks"))};
}

Result<Value> read_json(const std::string& path) {
  TRY(const std::string text, os::read_file(path, kRecordBytesMax));
  return json::parse(text);
}
Result<void> write_json(const std::string& path, Value value) {
  return os::write_file_atomically(path, json::to_text(value), os::Durability::kVisible);
}

}  // namespace

Result<os::Descriptor> open_process(const ProcessRef& process) {
  if (process.pid == 0) return fail(Reason::kNotFound, "no process");
  return os::open_pidfd(process.pid, process.start_ticks);
}

Result<ProcessRef> process_of_pid_file(const std::string& path) {
  TRY(const std::string text, os::read_file(path, 64));
  ProcessRef process;
  std::from_chars(text.data(), text.data() + text.size(), process.pid);
  if (process.pid <= 0) return fail(Reason::kNotFound, path + " names no process");
  TRY(process.start_ticks, os::process_start_ticks(process.pid));
  return process;
}

Result<void> write_sandbox(const Paths& paths, const SandboxConfig& config) {
  Members sysctls;
  for (const auto& [name, value] : config.sysctls) sysctls.emplace_back(name, value);
  Array ports;
  for (const HostPort& port : config.host_ports) {
    ports.push_back(Members{
        {"hostIP", port.host_ip}, {"hostPort", port.host_port}, {"containerPort", port.container_port}, {"protocol", port.protocol}});
  }
  return write_json(paths.sandbox(config.id), Members{{"id", config.id},
                                                      {"namespace", config.pod_namespace},
                                                      {"name", config.pod_name},
                                                      {"hostname", config.hostname},
                                                      {"hostNetwork", config.host_network},
                                                      {"hostPID", config.host_pid},
                                                      {"hostIPC", config.host_ipc},
                                                      {"sharesProcesses", config.shares_processes},
                                                      {"ports", std::move(ports)},
                                                      {"cpuShares", config.limits.cpu_shares},
                                                      {"cgroup", config.cgroup},
                                                      {"sysctls", std::move(sysctls)}});
}

Result<SandboxConfig> read_sandbox(const Paths& paths, const std::string& id) {
  TRY(const Value value, read_json(paths.sandbox(id)));
  SandboxConfig config;
  config.id = id;
  config.pod_namespace = value.string_at("namespace");
  config.pod_name = value.string_at("name");
  config.hostname = value.string_at("hostname");
  config.host_network = bool_at(value, "hostNetwork");
  config.host_pid = bool_at(value, "hostPID");
  config.host_ipc = bool_at(value, "hostIPC");
  config.shares_processes = bool_at(value, "sharesProcesses");
  config.limits.cpu_shares = int_at(value, "cpuShares");
  if (const Value* ports = value.find("ports"); ports != nullptr && ports->is_array()) {
    for (const Value& port : ports->as_array()) {
      config.host_ports.push_back({.host_ip = std::string(port.string_at("hostIP")),
                                   .host_port = static_cast<int>(int_at(port, "hostPort")),
                                   .container_port = static_cast<int>(int_at(port, "containerPort")),
                                   .protocol = std::string(port.string_at("protocol"))});
    }
  }
  config.cgroup = value.string_at("cgroup");
  if (const Value* sysctls = value.find("sysctls"); sysctls != nullptr && sysctls->is_object()) {
    for (const auto& [name, setting] : sysctls->as_object()) config.sysctls[name] = setting.is_string() ? setting.as_string() : "";
  }
  return config;
}

Result<void> write_container(const Paths& paths, const ContainerRecord& record) {
  const ContainerStatus& status = record.status;
  return write_json(paths.record(status.id), Members{{"sandbox", status.sandbox_id},
                                                     {"name", status.name},
                                                     {"attempt", status.attempt},
                                                     {"cgroup", record.cgroup},
                                                     {"logPath", record.log_path},
                                                     {"takesInput", record.takes_input},
                                                     {"inputOnce", record.input_once},
                                                     {"conmon", to_json(record.conmon)},
                                                     {"init", to_json(record.init)},
                                                     {"state", static_cast<int>(status.state)},
                                                     {"exitCode", status.exit_code},
                                                     {"oomKilled", status.oom_killed},
                                                     {"reason", status.reason},
                                                     {"message", status.message},
                                                     {"startedAt", nanoseconds(status.started_at)},
                                                     {"finishedAt", nanoseconds(status.finished_at)}});
}

Result<ContainerRecord> read_container(const Paths& paths, const std::string& id) {
  TRY(const Value value, read_json(paths.record(id)));
  ContainerRecord record;
  record.cgroup = value.string_at("cgroup");
  record.log_path = value.string_at("logPath");
  record.takes_input = bool_at(value, "takesInput");
  record.input_once = bool_at(value, "inputOnce");
  record.conmon = process_at(value, "conmon");
  record.init = process_at(value, "init");
  ContainerStatus& status = record.status;
  status.id = id;
  status.sandbox_id = value.string_at("sandbox");
  status.name = value.string_at("name");
  status.attempt = static_cast<int>(int_at(value, "attempt"));
  status.state = static_cast<ContainerState>(int_at(value, "state"));
  status.exit_code = static_cast<int>(int_at(value, "exitCode"));
  status.oom_killed = bool_at(value, "oomKilled");
  status.reason = value.string_at("reason");
  status.message = value.string_at("message");
  status.started_at = time_at(value, "startedAt");
  status.finished_at = time_at(value, "finishedAt");
  return record;
}

Result<void> prepare_directories(const Paths& paths) {
  TRY(const std::string boot, os::boot_id());
  const auto before = os::read_file(paths.boot(), 64);
  if (!before || *before != boot) {
    TRY_VOID(os::unmount_under(paths.run()));
    TRY_VOID(os::remove_tree(paths.run()));
  }
  for (const std::string& path :
       {paths.run(), paths.sandboxes(), paths.containers(), paths.exits(), paths.oci(), paths.sockets(), paths.data()}) {
    TRY_VOID(os::make_directories(path, kPrivate));
  }
  return os::write_file_atomically(paths.boot(), boot, os::Durability::kVisible);
}

}  // namespace stint::crun
