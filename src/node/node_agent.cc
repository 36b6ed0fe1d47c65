#include "node/node_agent.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "api/object.h"
#include "base/log.h"
#include "node/phase.h"
#include "node/service_environment.h"
#include "node/volumes.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

constexpr Duration kRetry = std::chrono::seconds(1);

std::vector<std::string> names_in(const std::string& dir) {
  std::vector<std::string> names;
  std::error_code none;  // no directory, no names
  for (const auto& entry : fs::directory_iterator(dir, none)) names.push_back(entry.path().filename());
  return names;
}

// Removes the directories of pods that are gone: data by uid, logs by the uid at the end of the name.
void remove_pod_dirs(const std::string& data_dir, const std::string& log_dir, const std::set<std::string>& running,
                     const std::set<std::string>& known) {
  for (const auto& uid : names_in(data_dir + "/pods")) {
    if (running.contains(uid)) continue;
    if (auto removed = tear_down_pod_dir(data_dir + "/pods/" + uid); !removed)
      log_warning("left over pod directory stays", "uid", uid, "error", removed.error().message);
  }
  for (const auto& name : names_in(log_dir)) {
    const size_t cut = name.rfind('_');
    if (cut == std::string::npos || known.contains(name.substr(cut + 1))) continue;
    std::error_code error;
    fs::remove_all(log_dir + "/" + name, error);
    if (error) log_warning("left over logs stay", "dir", name, "error", error.message());
  }
}

ListOptions pods_of(const std::string& node) { return {.field_selector = "spec.nodeName=" + node}; }

}  // namespace

NodeAgent::NodeAgent(Loop& loop, Client& client, Runtime& runtime, ImageStore& images, NodeOptions options)
    : loop_(loop),
      client_(client),
      runtime_(runtime),
      options_(std::move(options)),
      description_{.name = options_.name,
                   .host_ip = options_.host_ip,
                   .runtime_version = runtime.name() + "://" + runtime.version(),
                   .pods_max = options_.pods_max,
                   .reserved = options_.reserved,
                   .facts = options_.facts ? *options_.facts : read_node_facts(options_.data_dir)},
      recorder_(loop, client, "kubelet", options_.name),
      metrics_(options_.metrics != nullptr ? *options_.metrics : own_metrics_),
      checks_(loop, runtime),
      context_{.loop = loop,
               .client = client,
               .runtime = runtime,
               .images = images,
               .recorder = recorder_,
               .checks = checks_,
               .metrics = metrics_,
               .data_dir = options_.data_dir,
               .log_dir = options_.log_dir,
               .identity = {.host_ip = options_.host_ip, .runtime_name = runtime.name()},
               .host_address = options_.host_address,
               .allocatable = node_allocatable(description_),
               .memory_capacity_bytes = description_.facts.memory_bytes,
               .pod_pids_max = options_.pod_pids_max,
               .refuse = [this](const corev1::Pod& pod) { return refuse(pod); },
               .weighs_no_more = [this](const std::string& uid) { weighing_.drop(uid); },
               .service_environment = [this](const corev1::Pod& pod) { return service_environment(pod); }},
      logs_(
          loop, client, options_.log_dir,
          [this](const std::string& id) {
            const auto status = runtime_.status(id);
            return status && status->state == ContainerState::kRunning;
          },
          !runtime.uses_files()),
      exec_(client, runtime),
      forward_(client, runtime),
      rotator_(loop, runtime, options_.log_dir, options_.log_limits, [this] { logs_.log_rotated(); }),
      usage_(loop, runtime, options_.name),
      image_collector_(loop, images, recorder_, options_.name,
                       {.look_at_disk = [this] { return look_at_image_disk(); }, .images_in_use = [this] { return images_in_use(); }},
                       options_.image_collection),
      pods_(loop, client, kind_of<corev1::Pod>(), pods_of(options_.name)),
      services_(loop, client, kind_of<corev1::Service>(), {}),
      ready_(loop),
      worker_gone_(loop),
      scope_(loop) {}

NodeAgent::~NodeAgent() { runtime_.on_exit(nullptr); }

Environment NodeAgent::service_environment(const corev1::Pod& pod) const {
  Environment environment;
  const bool wants_links = !pod.spec().has_enableservicelinks() || pod.spec().enableservicelinks();
  for (const Object& object : services_.list()) {
    const auto& service = static_cast<const corev1::Service&>(*object);
    if (is_told(service, pod.metadata().namespace_(), wants_links)) add_service_variables(service, environment);
  }
  return environment;
}

void NodeAgent::start() {
  before_text_ = (options_.metrics != nullptr ? *options_.metrics : own_metrics_).before_text([this] {
    size_t running = 0;
    const auto containers = runtime_.list_containers();
    for (const ContainerStatus& each : containers) running += each.state == ContainerState::kRunning ? 1 : 0;
    metrics_.set_running(runtime_.list_sandboxes().size(), running, containers.size() - running);
  });
  scope_.spawn(keep_registered());
  scope_.spawn(keep_lease());
  scope_.spawn(run());
  if (options_.observe || !options_.facts) scope_.spawn(keep_from_shortage());
  if (options_.samples_usage) scope_.spawn(usage_.run());
  if (runtime_.uses_files()) scope_.spawn(rotator_.run());
}

Task<void> NodeAgent::run() {
  runtime_.on_exit([this](const ContainerStatus& status) {
    logs_.container_ended();
    auto found = workers_.find(status.sandbox_id);
    if (found != workers_.end()) found->second->container_ended(status);
  });
  co_await recover();
  services_.start();
  pods_.start();
  co_await services_.synced_event().wait();
  co_await pods_.synced_event().wait();
  if (!options_.dns_address.empty()) co_await start_resolver();
  // A pod that goes meanwhile is in the list of what is kept, and nobody will hear of its end.
  while (!co_await remove_leftovers()) {
  }
  pods_.add_handler([this](const Object& old, const Object& next) { pod_changed(old, next); });
  if (!options_.image_dir.empty()) scope_.spawn(image_collector_.run());
  if (!options_.volumes_dir.empty()) {
    provisioner_ = std::make_unique<LocalProvisioner>(loop_, client_, options_.name, options_.volumes_dir);
    provisioner_->start();
  }
  ready_.set();
}

Task<Result<DiskRoom>> NodeAgent::look_at_image_disk() {
  co_return co_await on_pool(loop_, [path = options_.image_dir] { return disk_room(path); });
}

std::set<std::string> NodeAgent::images_in_use() const {
  std::set<std::string> ids;
  for (const auto& [uid, worker] : workers_) worker->add_images(ids);
  return ids;
}

// Before the first pod starts. A server that was killed a moment ago may have a child that holds its sockets until it executes.
Task<void> NodeAgent::start_resolver() {
  constexpr int kTries = 10;
  constexpr Duration kPause = std::chrono::milliseconds(50);
  services_.add_handler([this](const Object& old, const Object& next) { directory_.service_changed(old, next); });
  pods_.add_handler([this](const Object& old, const Object& next) { directory_.pod_changed(old, next); });
  Result<void> started = try_resolver();
  for (int tries = 1; !started && tries < kTries; ++tries) {
    co_await sleep_for(loop_, kPause);
    started = try_resolver();
  }
  if (started) co_return;
  log_warning("pods have the resolvers of this machine, and find no Services: ours cannot listen", "address", options_.dns_address, "error",
              started.error().message);
  context_.dns_missing = true;
  scope_.spawn(keep_trying_resolver());
}

Task<void> NodeAgent::keep_trying_resolver() {
  constexpr Duration kPause = std::chrono::seconds(10);
  do co_await sleep_for(loop_, kPause);
  while (!try_resolver());
  log_info("pods that start from now on find Services", "address", options_.dns_address);
}

Result<void> NodeAgent::try_resolver() {
  dns::ResolverOptions options{.address = options_.dns_address};
  options.servers = [resolvers = std::make_shared<dns::HostResolvers>(loop_, "/etc/resolv.conf", options_.dns_address)] {
    return resolvers->current();
  };
  auto resolver = std::make_unique<dns::Resolver>(loop_, directory_, std::move(options));
  TRY_VOID(resolver->start());
  resolver_ = std::move(resolver);
  context_.dns_address = options_.dns_address;
  context_.dns_missing = false;
  return {};
}

Task<void> NodeAgent::recover() {
  while (true) {
    auto recovered = co_await runtime_.recover();
    if (recovered) break;
    log_error("runtime not recovered", "runtime", runtime_.name(), "error", recovered.error().message);
    co_await sleep_for(loop_, kRetry);
  }
  // A runtime that is a service tells its name only now.
  description_.runtime_version = runtime_.name() + "://" + runtime_.version();
  context_.identity.runtime_name = runtime_.name();
}

// Sandboxes and directories of pods that the server does not know, or that ended there, have nobody else to remove them.
Task<bool> NodeAgent::remove_leftovers() {
  std::set<std::string> running, known;
  found_sandboxes_.clear();
  const std::vector<Object> pods = pods_.list();
  for (const auto& object : pods) {
    const auto pod = as<corev1::Pod>(object);
    known.insert(pod->metadata().uid());
    if (!is_terminal_phase(pod->status().phase())) running.insert(pod->metadata().uid());
  }
  for (const auto& sandbox : runtime_.list_sandboxes()) {
    if (running.contains(sandbox.id)) {
      found_sandboxes_.emplace(sandbox.id, sandbox);
      continue;
    }
    auto removed = co_await runtime_.remove_sandbox(sandbox.id);
    if (!removed) log_warning("left over sandbox stays", "sandbox", sandbox.id, "error", removed.error().message);
  }
  co_await on_pool(loop_,
                   [data = options_.data_dir, logs = options_.log_dir, running, known] { remove_pod_dirs(data, logs, running, known); });
  co_return std::ranges::all_of(pods, [this](const Object& pod) {
    const Object now = pods_.get(meta(*pod).namespace_(), meta(*pod).name());
    return now != nullptr && meta(*now).uid() == meta(*pod).uid();
  });
}

void NodeAgent::pod_changed(const Object& old, const Object& next) {
  const auto pod = as<corev1::Pod>(next ? next : old);
  auto found = workers_.find(pod->metadata().uid());
  if (!next) {
    if (found != workers_.end())
      found->second->object_gone();
    else
      scope_.spawn(remove_logs(pod));
    return;
  }
  // A name can be used again between two looks.
  if (old && as<corev1::Pod>(old)->metadata().uid() != pod->metadata().uid()) pod_changed(old, nullptr);
  if (found != workers_.end()) {
    found->second->update(pod);
  } else if (!is_terminal_phase(pod->status().phase())) {
    start_worker(pod);
  } else if (is_deleting(*pod) && !(old && is_deleting(*old))) {
    scope_.spawn(remove_pod_object(pod));
  }
}

void NodeAgent::start_worker(std::shared_ptr<const corev1::Pod> pod) {
  const std::string uid = pod->metadata().uid();
  auto worker = std::make_unique<PodWorker>(context_, pod, [this, uid] { loop_.post([this, uid] { worker_finished(uid); }); });
  const auto sandbox = found_sandboxes_.extract(uid);
  if (!sandbox.empty() || pod->status().has_starttime()) {
    auto containers = runtime_.list_containers();
    std::erase_if(containers, [&](const ContainerStatus& each) { return each.sandbox_id != uid; });
    worker->recover(sandbox.empty() ? nullptr : &sandbox.mapped(), containers);
  }
  if (!worker->refused()) weighing_.put(uid, pod->spec());
  auto& started = workers_[uid];
  started = std::move(worker);
  started->start();
}

void NodeAgent::worker_finished(const std::string& uid) {
  auto found = workers_.find(uid);
  if (found == workers_.end()) return;
  const auto pod = std::make_shared<corev1::Pod>(found->second->pod());
  workers_.erase(found);
  storage_.erase(uid);
  weighing_.drop(uid);
  worker_gone_.set();
  // The object may have gone while the worker took its last steps.
  if (!pods_.get(pod->metadata().namespace_(), pod->metadata().name())) scope_.spawn(remove_logs(pod));
}

Task<void> NodeAgent::remove_pod_object(std::shared_ptr<const corev1::Pod> pod) {
  DeleteRequest request{.grace_period_seconds = 0, .uid = pod->metadata().uid()};
  auto removed = co_await client_.remove(kind_of<corev1::Pod>(), pod->metadata().namespace_(), pod->metadata().name(), std::move(request));
  if (!removed && removed.error().reason != Reason::kNotFound && removed.error().reason != Reason::kConflict)
    log_warning("pod object not removed", "pod", pod->metadata().name(), "error", removed.error().message);
}

Task<void> NodeAgent::remove_logs(std::shared_ptr<const corev1::Pod> pod) {
  co_await on_pool(loop_, [dir = PodPaths(options_.data_dir, options_.log_dir, *pod).logs] {
    std::error_code error;
    fs::remove_all(dir, error);
    if (error) log_warning("logs not removed", "dir", dir, "error", error.message());
  });
}

std::optional<Refusal> NodeAgent::refuse(const corev1::Pod& pod) const {
  if (description_.shutting_down) return Refusal{std::string(kShutdownRefusalReason), std::string(kShutdownRefusal)};
  if (auto refusal = refuse_under_pressure(pod, description_.pressure)) return refusal;
  return refuse_pod(pod, weighing_, context_.allocatable);
}

}  // namespace stint
