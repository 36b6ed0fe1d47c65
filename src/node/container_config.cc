#include "node/container_config.h"

#include <algorithm>

#include "node/cgroup_limits.h"

namespace stint {
namespace {

// containerd's, for images that set none.
constexpr std::string_view kPathDefault = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<std::string> build_args(const ContainerConfigInput& input) {
  std::vector<std::string> args;
  const auto& container = input.container;
  for (const auto& word : container.command()) args.push_back(expand(word, input.environment));
  if (container.command_size() == 0) args = input.image.entrypoint;
  for (const auto& word : container.args()) args.push_back(expand(word, input.environment));
  if (container.command_size() == 0 && container.args_size() == 0)
    args.insert(args.end(), input.image.command.begin(), input.image.command.end());
  return args;
}

void set_variable(std::vector<std::string>& env, const std::string& name, const std::string& value) {
  std::erase_if(env, [&](const std::string& old) { return old.starts_with(name + "="); });
  env.push_back(name + "=" + value);
}

std::vector<std::string> build_env(const ContainerConfigInput& input) {
  std::vector<std::string> env = input.image.env;
  const bool has_path = std::any_of(env.begin(), env.end(), [](const std::string& entry) { return entry.starts_with("PATH="); });
  if (!has_path) env.emplace_back(kPathDefault);
  const auto& metadata = input.pod.metadata();
  const auto hostname = kernel_hostname(input.pod.spec(), metadata.namespace_(), metadata.name());
  if (hostname && !input.pod.spec().hostnetwork()) set_variable(env, "HOSTNAME", *hostname);
  for (const auto& [name, value] : input.environment) set_variable(env, name, value);
  return env;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_non_root(const ContainerConfigInput& input, bool has_user, int64_t user) {
  const auto& pod_context = input.pod.spec().securitycontext();
  const auto& context = input.container.securitycontext();
  const bool non_root = context.has_runasnonroot() ? context.runasnonroot() : pod_context.runasnonroot();
  if (!non_root) return {};
  const auto& metadata = input.pod.metadata();
  const std::string where =
      "(pod: \"" + metadata.name() + "_" + metadata.namespace_() + "(" + metadata.uid() + ")\", container: " + input.container.name() + ")";
  if (has_user && user == 0) return fail(Reason::kInvalid, "container's runAsUser breaks non-root policy " + where);
  if (has_user) return {};
  const std::string image_user = input.image.user.substr(0, input.image.user.find(':'));
  if (image_user.empty() || (is_number(image_user) && image_user.find_first_not_of('0') == std::string::npos))
    return fail(Reason::kInvalid, "container has runAsNonRoot and image will run as root " + where);
  if (!is_number(image_user))
    return fail(Reason::kInvalid,
                "container has runAsNonRoot and image has non-numeric user (" + image_user + "), cannot verify user is non-root " + where);
  return {};
}

// Unless told otherwise a container keeps to the runtime's own profile, as under a kubelet with seccompDefault.
SeccompChoice seccomp_of(const ContainerConfigInput& input) {
  using Kind = SeccompChoice::Kind;
  const auto& context = input.container.securitycontext();
  const auto& profile = context.has_seccompprofile() ? context.seccompprofile() : input.pod.spec().securitycontext().seccompprofile();
  if (profile.type() == "Unconfined") return {.kind = Kind::kUnconfined, .path = ""};
  if (profile.type() == "Localhost") return {.kind = Kind::kLocalhost, .path = input.seccomp_dir + "/" + profile.localhostprofile()};
  return {};
}

Result<void> set_security(const ContainerConfigInput& input, ContainerConfig& config) {
  const auto& pod_context = input.pod.spec().securitycontext();
  const auto& context = input.container.securitycontext();
  const bool has_user = context.has_runasuser() || pod_context.has_runasuser();
  const int64_t user = context.has_runasuser() ? context.runasuser() : pod_context.runasuser();
  TRY_VOID(check_non_root(input, has_user, user));

  config.user = has_user ? std::to_string(user) : input.image.user;
  if (context.has_runasgroup() || pod_context.has_runasgroup()) {
    const int64_t group = context.has_runasgroup() ? context.runasgroup() : pod_context.runasgroup();
    const std::string name = config.user.substr(0, config.user.find(':'));
    config.user = (name.empty() ? "0" : name) + ":" + std::to_string(group);
  }
  if (pod_context.has_fsgroup()) config.supplemental_groups.push_back(pod_context.fsgroup());
  for (int64_t group : pod_context.supplementalgroups()) config.supplemental_groups.push_back(group);
  config.privileged = context.privileged();
  config.read_only_root = context.readonlyrootfilesystem();
  config.image_groups = pod_context.supplementalgroupspolicy() != "Strict";
  config.unmasked_proc = context.procmount() == "Unmasked";
  config.seccomp = seccomp_of(input);
  config.no_new_privileges = context.has_allowprivilegeescalation() && !context.allowprivilegeescalation();
  const auto& capabilities = context.capabilities();
  config.add_capabilities.assign(capabilities.add().begin(), capabilities.add().end());
  config.drop_capabilities.assign(capabilities.drop().begin(), capabilities.drop().end());
  return {};
}

void add_pod_file(ContainerConfig& config, std::string source, std::string_view destination, bool read_only) {
  const bool mounted =
      std::any_of(config.mounts.begin(), config.mounts.end(), [&](const Mount& mount) { return mount.destination == destination; });
  if (!mounted) config.mounts.push_back({.source = std::move(source), .destination = std::string(destination), .read_only = read_only});
}

void set_mounts(const ContainerConfigInput& input, ContainerConfig& config) {
  config.mounts = input.volume_mounts;
  add_pod_file(config, input.paths.hosts(), "/etc/hosts", config.read_only_root);
  add_pod_file(config, input.paths.resolv_conf(), "/etc/resolv.conf", config.read_only_root);
  add_pod_file(config, input.paths.hostname(), "/etc/hostname", config.read_only_root);
  const std::string& message_path = input.container.terminationmessagepath();
  add_pod_file(config, input.paths.termination_log(input.container.name(), input.attempt),
               message_path.empty() ? kTerminationLogDefault : std::string_view(message_path), false);
}

}  // namespace

std::string container_id(const std::string& pod_uid, const std::string& container, int attempt) {
  return pod_uid + "_" + container + "_" + std::to_string(attempt);
}

Result<ContainerConfig> build_container_config(const ContainerConfigInput& input) {
  const auto& container = input.container;
  ContainerConfig config;
  config.id = container_id(input.pod.metadata().uid(), container.name(), input.attempt);
  config.sandbox_id = input.pod.metadata().uid();
  config.name = container.name();
  config.attempt = input.attempt;
  config.image_id = input.image.id;
  config.args = build_args(input);
  if (config.args.empty()) return fail(Reason::kInvalid, "no command specified");
  config.env = build_env(input);
  config.working_dir = container.workingdir().empty() ? input.image.working_dir : expand(container.workingdir(), input.environment);
  TRY_VOID(set_security(input, config));
  set_mounts(input, config);
  config.log_path = input.paths.container_log(container.name(), input.attempt);
  config.limits = container_limits(container);
  config.tty = container.tty();
  config.stdin_open = container.stdin();
  config.stdin_once = container.stdinonce();
  config.oom_score_adj = oom_score_adj(input.pod, container, input.memory_capacity_bytes);
  return config;
}

}  // namespace stint
