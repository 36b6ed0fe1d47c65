// The steps that bring a pod up, in order. Each may be repeated, and tells when to look again if it has to wait for time alone.
#include <algorithm>
#include <filesystem>

#include "api/core/pod_validation.h"
#include "base/log.h"
#include "node/admission.h"
#include "node/cgroup_limits.h"
#include "node/pod_worker.h"
#include "node/resolv_conf.h"
#include "os/file.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNodeFileBytesMax = 1 << 20;
constexpr Duration kSandboxRetry = std::chrono::seconds(10);

// Of the node's own; a file that is missing is empty to the pod.
std::string read_node_file(const std::string& path) { return os::read_file(path, kNodeFileBytesMax).value_or(""); }

// Whole or not at all: containers of an earlier life may read it, and what is there counts as made.
Result<void> write_pod_file(const std::string& path, const std::string& text) {
  return os::write_file_atomically(path, text, os::Durability::kVisible, 0644);
}

// What was left out of resolv.conf.
using Omissions = std::vector<std::string>;
Result<Omissions> make_pod_dirs(const corev1::Pod& pod, const PodPaths& paths, const std::string& dns_address) {
  const corev1::PodSpec& spec = pod.spec();
  TRY_VOID(os::make_directories(paths.root + "/volumes"));
  for (const auto* list : {&spec.initcontainers(), &spec.containers()}) {
    for (const auto& container : *list) {
      TRY_VOID(os::make_directories(fs::path(paths.termination_log(container.name(), 0)).parent_path()));
      TRY_VOID(os::make_directories(paths.container_log_dir(container.name())));
    }
  }
  // One that is too long keeps the sandbox from being made, which says so.
  const auto hostname = kernel_hostname(spec, pod.metadata().namespace_(), pod.metadata().name());
  TRY_VOID(write_pod_file(paths.hostname(), hostname.value_or("") + "\n"));
  const PodDns dns{.node_file = read_node_file("/etc/resolv.conf"), .server = dns_address};
  Omissions omissions;
  TRY_VOID(write_pod_file(paths.resolv_conf(), resolv_conf(spec, pod.metadata().namespace_(), dns, &omissions)));
  return omissions;
}

Result<void> write_hosts(const corev1::PodSpec& spec, const std::string& path, HostsInput input) {
  if (spec.hostnetwork()) input.node_hosts = read_node_file("/etc/hosts");
  return write_pod_file(path, hosts_file(spec, input));
}

std::string missing_dns(const corev1::Pod& pod) {
  const auto& metadata = pod.metadata();
  return "pod: \"" + metadata.name() + "_" + metadata.namespace_() + "(" + metadata.uid() +
         ")\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" policy. Falling back to "
         "\"Default\" policy.";
}

}  // namespace

std::span<const PodWorker::Step> PodWorker::steps() {
  static constexpr Step kSteps[] = {
      {"admit", &PodWorker::admit},
      {"directories", &PodWorker::make_directories},
      {"volumes", &PodWorker::make_volumes},
      {"storage", &PodWorker::check_storage},
      {"sandbox", &PodWorker::make_sandbox},
      {"ephemeral containers", &PodWorker::run_ephemeral_containers},
      {"init containers", &PodWorker::run_init_containers},
      {"containers", &PodWorker::run_containers},
  };
  return kSteps;
}

Task<PodWorker::Outcome> PodWorker::admit() {
  if (admitted_) co_return Outcome::kDone;
  if (!start_time_) {
    if (auto refusal = node_.refuse ? node_.refuse(*pod_) : std::nullopt) {
      node_.recorder.warning(*pod_, refusal->reason, refusal->message);
      record_.refused = true;
      if (node_.weighs_no_more) node_.weighs_no_more(pod_->metadata().uid());
      record_.failed_reason = refusal->reason;
      record_.failed_message = "Pod was rejected: " + refusal->message;
      co_return Outcome::kWait;
    }
    start_time_ = node_.loop.now();
    seen_at_ = node_.loop.steady_now();
  }
  admitted_ = true;
  status_.touch();
  co_return Outcome::kDone;
}

Task<PodWorker::Outcome> PodWorker::make_directories() {
  if (directories_made_ || !needs_files()) co_return Outcome::kDone;
  auto made =
      co_await on_pool(node_.loop, [pod = pod_, paths = paths_, dns = node_.dns_address] { return make_pod_dirs(*pod, paths, dns); });
  if (!made) {
    node_.recorder.warning(*pod_, "Failed", "error making pod data directories: " + made.error().message);
    look_again_at(node_.loop.steady_now() + kSandboxRetry);
    co_return Outcome::kWait;
  }
  directories_made_ = true;
  for (const std::string& omission : *made) node_.recorder.warning(*pod_, "DNSConfigForming", omission);
  if (node_.dns_missing && wants_cluster_names(pod_->spec())) node_.recorder.warning(*pod_, "MissingClusterDNS", missing_dns(*pod_));
  co_return Outcome::kDone;
}

namespace {

void set_security(const corev1::PodSpec& spec, SandboxConfig& config) {
  config.host_pid = spec.hostpid();
  config.shares_processes = spec.shareprocessnamespace() && !spec.hostpid();
  config.host_ipc = spec.hostipc();
  config.own_users = spec.has_hostusers() && !spec.hostusers();
  for (const auto& sysctl : spec.securitycontext().sysctls()) {
    std::string name = sysctl.name();
    std::ranges::replace(name, '/', '.');
    config.sysctls[name] = sysctl.value();
  }
}

// With the host's network a container's ports are the host's own.
void set_ports(const corev1::PodSpec& spec, SandboxConfig& config) {
  if (spec.hostnetwork()) return;
  const auto add = [&](const corev1::Container& container) {
    for (const auto& port : container.ports()) {
      if (port.hostport() == 0) continue;
      config.host_ports.push_back(
          {.host_ip = port.hostip(), .host_port = port.hostport(), .container_port = port.containerport(), .protocol = port.protocol()});
    }
  };
  for (const auto& container : spec.initcontainers()) add(container);
  for (const auto& container : spec.containers()) add(container);
}

}  // namespace

Task<PodWorker::Outcome> PodWorker::make_sandbox() {
  if (record_.sandbox_ready) co_return Outcome::kDone;
  if (node_.loop.steady_now() < sandbox_retry_at_) {
    look_again_at(sandbox_retry_at_);
    co_return Outcome::kWait;
  }
  const bool had_one =
      std::any_of(record_.containers.begin(), record_.containers.end(), [](const auto& entry) { return entry.second.current.has_value(); });
  if (had_one) node_.recorder.normal(*pod_, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
  const auto& spec = pod_->spec();
  SandboxConfig config{.id = pod_->metadata().uid(), .pod_namespace = pod_->metadata().namespace_(), .pod_name = pod_->metadata().name()};
  config.host_network = spec.hostnetwork();
  for (const auto* list : {&spec.initcontainers(), &spec.containers()})
    for (const auto& container : *list) config.privileged |= container.securitycontext().privileged();
  auto hostname = kernel_hostname(spec, config.pod_namespace, config.pod_name);
  if (hostname && !config.host_network) config.hostname = *hostname;
  config.cgroup = pod_cgroup(*pod_);
  config.limits = pod_limits(spec);
  set_security(spec, config);
  set_ports(spec, config);
  config.limits.pids_max = node_.pod_pids_max;
  Result<SandboxStatus> sandbox;
  if (hostname)
    sandbox = co_await node_.runtime.create_sandbox(std::move(config));
  else
    sandbox = std::unexpected(std::move(hostname).error());
  Result<void> hosts;
  if (sandbox && needs_files()) {
    HostsInput input{.pod_ip = sandbox->ip,
                     .hostname = pod_hostname(spec, pod_->metadata().name()),
                     .domain = pod_domain(spec, pod_->metadata().namespace_()),
                     .host_address = node_.host_address};
    hosts = co_await on_pool(node_.loop, [pod = pod_, path = paths_.hosts(), input] { return write_hosts(pod->spec(), path, input); });
  }
  if (!sandbox || !hosts) {
    const std::string& why = sandbox ? hosts.error().message : sandbox.error().message;
    node_.recorder.warning(*pod_, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + why);
    sandbox_retry_at_ = node_.loop.steady_now() + kSandboxRetry;
    look_again_at(sandbox_retry_at_);
    co_return Outcome::kWait;
  }
  record_.sandbox_ready = true;
  record_.pod_ip = sandbox->ip;
  node_.metrics.pod_started();
  co_return Outcome::kDone;
}

// Added by who looks at the pod while it runs, started once, waited for by nobody.
Task<PodWorker::Outcome> PodWorker::run_ephemeral_containers() {
  const Pod pod = pod_;
  for (const auto& ephemeral : pod->spec().ephemeralcontainers()) {
    const corev1::Container container = core::as_container(ephemeral);
    if (record_.containers[container.name()].current) continue;
    co_await ensure_started({&container, "spec.ephemeralContainers{" + container.name() + "}", ephemeral.targetcontainername()});
  }
  co_return Outcome::kDone;
}

Task<PodWorker::Outcome> PodWorker::run_init_containers() {
  const bool initialised = any_regular_container_started();
  const Pod pod = pod_;  // the object may be replaced while a container starts
  for (const auto& container : pod->spec().initcontainers()) {
    const ContainerRecord& record = record_.containers[container.name()];
    const bool sidecar = is_sidecar(container);
    // A sidecar has to have started before the next container, but never again holds up a pod that once got past it.
    const auto may_go_on = [&] { return sidecar && (initialised || (is_through_start(record) && record.started)); };
    if (!sidecar && (initialised || (record.exited() && record.current->exit_code == 0))) continue;
    if (!record.running()) co_await ensure_started({&container, "spec.initContainers{" + container.name() + "}"});
    if (!may_go_on()) co_return Outcome::kWait;
  }
  co_return Outcome::kDone;
}

Task<PodWorker::Outcome> PodWorker::run_containers() {
  const Pod pod = pod_;
  for (const auto& container : pod->spec().containers()) {
    const ContainerRecord& record = record_.containers[container.name()];
    if (record.starting) co_return Outcome::kWait;  // containers start in spec order, each after the hook of the one before
    if (record.running()) continue;
    if (record.exited() && !should_restart(container, pod->spec(), record.current->exit_code)) continue;
    const Start start = co_await ensure_started({&container, "spec.containers{" + container.name() + "}"});
    if (start == Start::kPulling || record.starting) co_return Outcome::kWait;
  }
  const bool all_ran = std::ranges::all_of(pod->spec().containers(),
                                           [this](const auto& each) { return record_.containers[each.name()].current.has_value(); });
  if (seen_at_ && all_ran) node_.metrics.pod_runs_after(node_.loop.steady_now() - *std::exchange(seen_at_, std::nullopt));
  co_return Outcome::kDone;
}

DownwardInput PodWorker::downward() const {
  return {.pod = *pod_,
          .host_ip = node_.identity.host_ip,
          .pod_ip = pod_->spec().hostnetwork() ? node_.identity.host_ip : record_.pod_ip,
          .allocatable = node_.allocatable};
}

}  // namespace stint
