#include "runtime/cri/cri_config.h"

#include <algorithm>
#include <charconv>

#include "api/base64.h"

namespace stint::cri {
namespace {

constexpr const char* kMaskedPaths[] = {
    "/proc/asound",      "/proc/acpi", "/proc/kcore",   "/proc/keys",        "/proc/latency_stats",          "/proc/timer_list",
    "/proc/timer_stats", "/proc/scsi", "/sys/firmware", "/proc/sched_debug", "/sys/devices/virtual/powercap"};
constexpr const char* kReadOnlyPaths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
constexpr int64_t kCpuPeriodUs = 100'000;

void set_namespaces(const SandboxConfig& config, v1::NamespaceOption& namespaces) {
  namespaces.set_network(config.host_network ? v1::NODE : v1::POD);
  namespaces.set_pid(config.host_pid ? v1::NODE : config.shares_processes ? v1::POD : v1::CONTAINER);
  namespaces.set_ipc(config.host_ipc ? v1::NODE : v1::POD);
}

void set_seccomp(const SeccompChoice& choice, v1::SecurityProfile& profile) {
  using Kind = SeccompChoice::Kind;
  profile.set_profile_type(choice.kind == Kind::kUnconfined  ? v1::SecurityProfile::Unconfined
                           : choice.kind == Kind::kLocalhost ? v1::SecurityProfile::Localhost
                                                             : v1::SecurityProfile::RuntimeDefault);
  profile.set_localhost_ref(choice.path);
}

v1::MountPropagation propagation_of(MountPropagation propagation) {
  if (propagation == MountPropagation::kShared) return v1::PROPAGATION_BIDIRECTIONAL;
  return propagation == MountPropagation::kSlave ? v1::PROPAGATION_HOST_TO_CONTAINER : v1::PROPAGATION_PRIVATE;
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "", "uid[:gid]" or a name.
Result<void> set_user(const std::string& user, v1::LinuxContainerSecurityContext& security) {
  if (user.empty()) return {};
  const size_t colon = user.find(':');
  const auto uid = number(std::string_view(user).substr(0, colon));
  if (!uid && colon == std::string::npos) {
    security.set_run_as_username(user);
    return {};
  }
  const auto gid = colon == std::string::npos ? std::nullopt : number(std::string_view(user).substr(colon + 1));
  if (!uid || (colon != std::string::npos && !gid)) return fail(Reason::kInvalid, "user \"" + user + "\" is neither uid[:gid] nor a name");
  security.mutable_run_as_user()->set_value(*uid);
  if (gid) security.mutable_run_as_group()->set_value(*gid);
  return {};
}

Result<void> set_security(const ContainerConfig& config, v1::LinuxContainerSecurityContext& security) {
  TRY_VOID(set_user(config.user, security));
  security.mutable_supplemental_groups()->Add(config.supplemental_groups.begin(), config.supplemental_groups.end());
  security.set_privileged(config.privileged);
  security.set_readonly_rootfs(config.read_only_root);
  security.set_no_new_privs(config.no_new_privileges);
  for (const std::string& name : config.add_capabilities) security.mutable_capabilities()->add_add_capabilities(name);
  for (const std::string& name : config.drop_capabilities) security.mutable_capabilities()->add_drop_capabilities(name);
  if (config.privileged) return {};
  set_seccomp(config.seccomp, *security.mutable_seccomp());
  if (config.unmasked_proc) return {};
  for (const char* path : kMaskedPaths) security.add_masked_paths(path);
  for (const char* path : kReadOnlyPaths) security.add_readonly_paths(path);
  return {};
}

void set_resources(const ContainerConfig& config, v1::LinuxContainerResources& resources) {
  if (config.limits.cpu_shares > 0) resources.set_cpu_shares(config.limits.cpu_shares);
  if (config.limits.cpu_quota_us > 0) {
    resources.set_cpu_period(kCpuPeriodUs);
    resources.set_cpu_quota(config.limits.cpu_quota_us);
  }
  if (config.limits.memory_bytes_max > 0) resources.set_memory_limit_in_bytes(config.limits.memory_bytes_max);
  resources.set_oom_score_adj(config.oom_score_adj);
}

WallTime time_of(int64_t nanoseconds) { return WallTime(std::chrono::nanoseconds(std::max<int64_t>(nanoseconds, 0))); }

ContainerState state_of(v1::ContainerState state) {
  if (state == v1::CONTAINER_CREATED) return ContainerState::kCreated;
  if (state == v1::CONTAINER_RUNNING) return ContainerState::kRunning;
  return state == v1::CONTAINER_EXITED ? ContainerState::kExited : ContainerState::kUnknown;
}

}  // namespace

v1::PodSandboxConfig sandbox_config(const SandboxConfig& config, const std::string& instance, const std::string& cgroup) {
  v1::PodSandboxConfig out;
  out.mutable_metadata()->set_name(config.pod_name);
  out.mutable_metadata()->set_uid(config.id);
  out.mutable_metadata()->set_namespace_(config.pod_namespace);
  out.set_hostname(config.hostname);
  out.set_log_directory("/");  // each container names its file whole
  (*out.mutable_labels())[kInstanceLabel] = instance;
  (*out.mutable_labels())[kSandboxLabel] = config.id;
  v1::LinuxPodSandboxConfig& own = *out.mutable_linux();
  own.set_cgroup_parent("/" + cgroup);
  set_namespaces(config, *own.mutable_security_context()->mutable_namespace_options());
  own.mutable_security_context()->set_privileged(config.privileged);
  for (const auto& [name, value] : config.sysctls) (*own.mutable_sysctls())[name] = value;
  std::string text;
  append_base64(out.SerializeAsString(), text);
  (*out.mutable_annotations())[kConfigAnnotation] = std::move(text);
  return out;
}

Result<v1::PodSandboxConfig> read_sandbox_config(const v1::PodSandbox& sandbox) {
  v1::PodSandboxConfig config;
  const auto found = sandbox.annotations().find(kConfigAnnotation);
  const auto bytes = found == sandbox.annotations().end() ? std::nullopt : decode_base64(found->second);
  if (!bytes || !config.ParseFromString(*bytes)) {
    return fail(Reason::kInternalError, "the sandbox " + sandbox.id() + " has no configuration of ours");
  }
  return config;
}

Result<v1::ContainerConfig> container_config(const ContainerConfig& config, const std::string& instance,
                                             const v1::PodSandboxConfig& sandbox) {
  v1::ContainerConfig out;
  out.mutable_metadata()->set_name(config.name);
  out.mutable_metadata()->set_attempt(static_cast<uint32_t>(config.attempt));
  out.mutable_image()->set_image(config.image_id);
  out.mutable_command()->Add(config.args.begin(), config.args.end());
  out.set_working_dir(config.working_dir);
  for (const std::string& variable : config.env) {
    const size_t equals = std::min(variable.find('='), variable.size());
    v1::KeyValue& added = *out.add_envs();
    added.set_key(variable.substr(0, equals));
    added.set_value(variable.substr(std::min(equals + 1, variable.size())));
  }
  for (const Mount& mount : config.mounts) {
    v1::Mount& added = *out.add_mounts();
    added.set_container_path(mount.destination);
    added.set_host_path(mount.source);
    added.set_readonly(mount.read_only);
    added.set_recursive_read_only(mount.recursive_read_only);
    added.set_propagation(propagation_of(mount.propagation));
  }
  (*out.mutable_labels())[kInstanceLabel] = instance;
  (*out.mutable_labels())[kSandboxLabel] = config.sandbox_id;
  (*out.mutable_labels())[kContainerLabel] = config.id;
  out.set_log_path(config.log_path.substr(config.log_path.find_first_not_of('/')));
  out.set_stdin(config.stdin_open);
  out.set_stdin_once(config.stdin_once);
  if (config.stdin_open) (*out.mutable_annotations())[kInputAnnotation] = "true";
  if (config.tty) (*out.mutable_annotations())[kTerminalAnnotation] = "true";
  out.set_tty(config.tty);
  set_resources(config, *out.mutable_linux()->mutable_resources());
  v1::LinuxContainerSecurityContext& security = *out.mutable_linux()->mutable_security_context();
  *security.mutable_namespace_options() = sandbox.linux().security_context().namespace_options();
  TRY_VOID(set_security(config, security));
  return out;
}

void take_status(const v1::ContainerStatus& told, ContainerStatus& status) {
  status.state = state_of(told.state());
  status.started_at = time_of(told.started_at());
  if (status.state != ContainerState::kExited) return;
  // containerd may note the end of what ends at once before its start.
  status.finished_at = std::max(time_of(told.finished_at()), status.started_at);
  status.exit_code = told.exit_code();
  status.oom_killed = told.reason() == "OOMKilled";
  status.reason = !told.reason().empty() ? told.reason() : told.exit_code() == 0 ? "Completed" : "Error";
  status.message = told.message();
}

}  // namespace stint::cri
