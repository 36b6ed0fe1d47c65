// Starting one container of a pod: back-off, image, configuration, the runtime's call, and what is told about each.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "api/go_duration.h"
#include "base/log.h"
#include "node/container_config.h"
#include "node/env_file.h"
#include "node/pod_worker.h"
#include "node/volumes.h"
#include "os/descriptor.h"
#include "os/file.h"

namespace stint {
namespace {

constexpr Duration kStartRetry = std::chrono::seconds(10);
constexpr Duration kErrorShown = std::chrono::seconds(1);

Result<void> make_file(const std::string& path, mode_t mode) {
  TRY(const os::Descriptor file, os::open_path(path, O_CREAT | O_WRONLY | O_APPEND, static_cast<int>(mode)));
  if (fchmod(file.get(), mode) != 0) return fail(errno_error("chmod " + path, errno));  // past the umask
  return {};
}

// The termination message file is writable by whoever the container runs as; the log is there before its first line, so that it can be
// followed.
Result<void> make_attempt_files(const PodPaths& paths, const std::string& container, int attempt) {
  // An ephemeral container has come after the pod's directories were made.
  TRY_VOID(os::make_directories(std::filesystem::path(paths.termination_log(container, attempt)).parent_path()));
  TRY_VOID(os::make_directories(paths.container_log_dir(container)));
  TRY_VOID(make_file(paths.termination_log(container, attempt), 0666));
  return make_file(paths.container_log(container, attempt), 0640);
}

std::string describe(const corev1::Pod& pod) {
  return pod.metadata().name() + "_" + pod.metadata().namespace_() + "(" + pod.metadata().uid() + ")";
}

}  // namespace

bool PodWorker::any_regular_container_started() const {
  for (const auto& container : pod_->spec().containers()) {
    const auto* record = record_.find(container.name());
    if (record != nullptr && record->current) return true;
  }
  return false;
}

// Says why the container is not running yet; tells users once for each reason.
PodWorker::Start PodWorker::wait_for(const ContainerRef& container, std::string reason, std::string message,
                                     std::optional<Duration> again_at) {
  ContainerRecord& record = record_.containers[container.spec->name()];
  if (again_at) look_again_at(*again_at);
  if (reason == "CreateContainerConfigError" || reason == "CreateContainerError")
    node_.metrics.container_not_started(type_of(container), reason);
  const bool news = record.waiting_reason != reason;
  record.waiting_reason = std::move(reason);
  record.waiting_message = std::move(message);
  status_.touch();
  if (!news) return Start::kWaiting;
  if (record.waiting_reason == "CrashLoopBackOff") {
    node_.recorder.warning(*pod_, "BackOff",
                           "Back-off restarting failed container " + container.spec->name() + " in pod " + describe(*pod_),
                           container.field_path);
  } else {
    const bool named = record.waiting_reason == "CreateContainerConfigError" || record.waiting_reason == "CreateContainerError";
    node_.recorder.warning(*pod_, "Failed", "Error: " + (named ? record.waiting_message : record.waiting_reason), container.field_path);
  }
  return Start::kWaiting;
}

bool PodWorker::back_off(const ContainerRef& container, const ContainerRecord& record) {
  if (!record.exited()) return false;
  const BackOff& back_off = back_offs_[container.spec->name()];
  auto due = back_off.due(record.current->end_seen_at);
  if (!due || node_.loop.steady_now() >= *due) return false;
  // Why the attempt failed is seen for a moment, as upstream tells of the wait only at its next look at the runtime.
  const Duration error_shown_until = record.current->end_seen_at + kErrorShown;
  const bool failed_to_start = record.waiting_reason == "RunContainerError" || record.waiting_reason == "PostStartHookError";
  if (failed_to_start && node_.loop.steady_now() < error_shown_until) {
    look_again_at(error_shown_until);
    return true;
  }
  wait_for(container, "CrashLoopBackOff",
           "back-off " + go_duration_text(back_off.wait()) + " restarting failed container=" + container.spec->name() +
               " pod=" + describe(*pod_),
           due);
  return true;
}

Task<PodWorker::Start> PodWorker::ensure_started(ContainerRef container) {
  ContainerRecord& record = record_.containers[container.spec->name()];
  if (back_off(container, record)) co_return Start::kWaiting;
  const int attempt = record.next_attempt();
  if (const auto waits = co_await prepare_image_volumes(container, attempt)) co_return *waits;
  const ImagePuller::Wanted wanted{
      .key = container.spec->name(), .image = container.spec->image(), .policy = container.spec->imagepullpolicy()};
  ImageAnswer answer = puller_.ask(*pod_, wanted, attempt, container.field_path);
  if (answer.kind == ImageAnswer::Kind::kPulling) {
    status_.touch();
    co_return Start::kPulling;
  }
  if (answer.kind == ImageAnswer::Kind::kFailed)
    co_return wait_for(container, std::move(answer.reason), std::move(answer.message), answer.again_at);
  co_return co_await launch(container, *std::move(answer.image), attempt);
}

// Images whose content the container mounts. They are pulled when a container needs them, and their trouble is its own. Nothing: it can
// go on.
Task<std::optional<PodWorker::Start>> PodWorker::prepare_image_volumes(ContainerRef container, int attempt) {
  const Pod pod = pod_;
  for (const auto& volume : pod->spec().volumes()) {
    const auto mounts_it = [&](const corev1::VolumeMount& mount) { return mount.name() == volume.name(); };
    if (!volume.volumesource().has_image() || std::ranges::none_of(container.spec->volumemounts(), mounts_it)) continue;
    const auto& source = volume.volumesource().image();
    const ImagePuller::Wanted wanted{
        .key = container.spec->name() + "/" + volume.name(), .image = source.reference(), .policy = source.pullpolicy()};
    ImageAnswer answer = puller_.ask(*pod, wanted, attempt, "");
    if (answer.kind == ImageAnswer::Kind::kPulling) {
      status_.touch();
      co_return Start::kPulling;
    }
    if (answer.kind == ImageAnswer::Kind::kFailed)
      co_return wait_for(container, std::move(answer.reason), std::move(answer.message), answer.again_at);
    auto mounted = co_await on_pool(node_.loop, [paths = paths_, name = volume.name(), layers = answer.image->layer_dirs] {
      return set_up_image_volume(paths, name, layers);
    });
    if (!mounted) {
      co_return wait_for(container, "CreateContainerError",
                         "failed to mount image volume \"" + volume.name() + "\": " + mounted.error().message,
                         node_.loop.steady_now() + kStartRetry);
    }
  }
  co_return std::nullopt;
}

Task<PodWorker::Start> PodWorker::launch(ContainerRef container, ImageInfo image, int attempt) {
  const std::string& name = container.spec->name();
  auto config = co_await configure(container, image, attempt);
  const Duration now = node_.loop.steady_now();
  if (!config) co_return wait_for(container, "CreateContainerConfigError", config.error().message, now + kStartRetry);
  Result<void> prepared;
  if (needs_files())
    prepared = co_await on_pool(node_.loop, [paths = paths_, name, attempt] { return make_attempt_files(paths, name, attempt); });
  if (!prepared) co_return wait_for(container, "CreateContainerConfigError", prepared.error().message, now + kStartRetry);

  auto status = co_await node_.runtime.start_container(*std::move(config));
  if (!status) co_return wait_for(container, "CreateContainerError", status.error().message, node_.loop.steady_now() + kStartRetry);
  started(container, image, *status);
  const ContainerRecord& record = record_.containers[name];
  if (!record.running()) co_return Start::kWaiting;
  co_return Start::kRunning;
}

Task<Result<ContainerConfig>> PodWorker::configure(ContainerRef container, ImageInfo image, int attempt) {
  ReferencedNames names;
  add_environment_references(*container.spec, names);
  CO_TRY(ReferencedObjects objects, co_await fetch(std::move(names)));
  if (names_env_files(*container.spec)) {
    objects.files = co_await on_pool(node_.loop, [spec = *container.spec, paths = paths_] { return read_env_files(spec, paths); });
  }
  CO_TRY(const Environment environment, build_environment(*container.spec, downward(), objects, node_.service_environment(*pod_)));
  Result<std::vector<Mount>> mounts;
  if (needs_files()) {
    mounts = co_await on_pool(node_.loop, [pod = pod_, spec = *container.spec, paths = paths_, environment] {
      return container_mounts(pod->spec(), spec, paths, environment);
    });
  }
  if (!mounts) co_return std::unexpected(std::move(mounts).error());
  ContainerConfigInput input{.pod = *pod_, .container = *container.spec, .image = image, .environment = environment, .paths = paths_};
  input.volume_mounts = *std::move(mounts);
  input.attempt = attempt;
  input.memory_capacity_bytes = node_.memory_capacity_bytes;
  input.seccomp_dir = node_.data_dir + "/seccomp";
  CO_TRY(ContainerConfig config, build_container_config(input));
  if (container.looks_at.empty()) co_return config;
  const ContainerRecord* target = record_.find(container.looks_at);
  if (target == nullptr || !target->running())
    co_return fail(Reason::kInvalid, "unable to find target container \"" + container.looks_at + "\"");
  config.process_namespace_of = target->current->id;
  co_return config;
}

void PodWorker::started(const ContainerRef& container, const ImageInfo& image, const ContainerStatus& status) {
  const std::string& name = container.spec->name();
  ContainerRecord& record = record_.containers[name];
  if (record.current) back_offs_[name].advance(record.current->end_seen_at, node_.loop.steady_now());
  // Two attempts are kept: the one before the last is of no use to anybody.
  if (record.previous && !record.previous->id.empty()) scope_.spawn(drop_container(record.previous->id));
  if (record.current) record.previous = std::move(record.current);
  record.waiting_reason.clear();
  record.waiting_message.clear();
  if (auto reference = ImageReference::parse(container.spec->image())) record.image = reference->to_string();
  record.image_id = image_id_for_status(image);
  stop_signals_[name] = image.stop_signal;

  record.current = ContainerInstance{.id = status.id, .attempt = status.attempt, .state = ContainerState::kRunning};
  record.current->started_at = status.started_at;
  node_.recorder.normal(*pod_, "Created", "Container created", container.field_path);
  if (status.state == ContainerState::kExited) {
    container_ended(status);
    if (status.reason == "StartError") {
      node_.metrics.container_not_started(type_of(container), status.reason);
      node_.recorder.warning(*pod_, "Failed", "Error: " + status.message, container.field_path);
      if (should_restart(*container.spec, pod_->spec(), status.exit_code))
        record.waiting_reason = "RunContainerError", record.waiting_message = status.message;
      return;
    }
  }
  node_.metrics.container_started(type_of(container));
  node_.recorder.normal(*pod_, "Started", "Container started", container.field_path);
  if (record.running() && status.state != ContainerState::kExited) watch_over(to_check(container));
  status_.touch();
}

NodeMetrics::ContainerType PodWorker::type_of(const ContainerRef& container) const {
  if (container.field_path.starts_with("spec.initContainers")) return NodeMetrics::ContainerType::kInit;
  return container.field_path.starts_with("spec.containers") ? NodeMetrics::ContainerType::kRegular
                                                             : NodeMetrics::ContainerType::kEphemeral;
}

Task<void> PodWorker::drop_container(std::string id) {
  // After our restart the id may come out of the status, which clients may write: it must lead to no container of another pod.
  if (!id.starts_with(pod_->metadata().uid() + "_")) co_return;
  auto removed = co_await node_.runtime.remove_container(id);
  if (!removed) log_warning("old container not removed", "container", id, "error", removed.error().message);
}

}  // namespace stint
