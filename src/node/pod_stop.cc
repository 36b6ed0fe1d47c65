// The end of a pod: containers are stopped within the grace period, the last status is stored, and then everything of it on the node goes.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <map>

#include "api/object.h"
#include "base/log.h"
#include "node/phase.h"
#include "node/pod_worker.h"
#include "node/volumes.h"

namespace stint {
namespace {

constexpr Duration kGraceMin = std::chrono::seconds(2);  // a signal is always given that long
constexpr Duration kKillRetry = std::chrono::seconds(5);
constexpr Duration kCleanUpRetry = std::chrono::seconds(10);
constexpr Duration kRemoveRetry = std::chrono::seconds(1);

// "SIGQUIT", "QUIT" or "3", as an image's STOPSIGNAL is written.
int parse_signal(std::string_view text) {
  static const std::map<std::string_view, int> kSignals = {{"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ABRT", SIGABRT},
                                                           {"KILL", SIGKILL}, {"USR1", SIGUSR1},   {"USR2", SIGUSR2}, {"ALRM", SIGALRM},
                                                           {"TERM", SIGTERM}, {"WINCH", SIGWINCH}, {"PWR", SIGPWR},   {"STOP", SIGSTOP},
                                                           {"CONT", SIGCONT}, {"IO", SIGIO},       {"XCPU", SIGXCPU}};
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number > 0 && number <= SIGRTMAX) return number;
  if (text.starts_with("SIG")) text.remove_prefix(3);
  if (text.starts_with("RTMIN+")) {
    std::from_chars(text.data() + 6, text.data() + text.size(), number);
    return SIGRTMIN + number;
  }
  auto found = kSignals.find(text);
  return found == kSignals.end() ? SIGTERM : found->second;
}

Task<bool> happened(Event& event) {
  co_await event.wait();
  co_return true;
}

}  // namespace

Task<void> PodWorker::stop() {
  record_.ending = true;
  puller_.cancel();
  stop_started_ = node_.loop.now();
  Scope pump(node_.loop);
  pump.spawn(pump_exits());

  std::vector<Task<void>> together;
  std::vector<std::string> sidecars;  // reverse spec order, one after another, when all others have ended
  for (const auto& container : pod_->spec().initcontainers()) {
    if (is_sidecar(container))
      sidecars.insert(sidecars.begin(), container.name());
    else
      together.push_back(stop_container(container.name()));
  }
  for (const auto& container : pod_->spec().containers()) together.push_back(stop_container(container.name()));
  co_await when_all(node_.loop, std::move(together));
  for (const auto& name : sidecars) co_await stop_container(name);
  ended_ = true;
}

// While containers are being stopped somebody has to read the inbox.
Task<void> PodWorker::pump_exits() {
  while (true) {
    co_await wake_.wait();
    wake_.reset();
    co_await absorb_exits();
    status_.touch();
    changed_.pulse();
  }
}

// May come nearer while stopping: a second deletion can shorten the grace period.
WallTime PodWorker::stop_deadline() const {
  Duration grace = span_of_seconds(pod_->spec().has_terminationgraceperiodseconds() ? pod_->spec().terminationgraceperiodseconds() : 30);
  if (is_deleting(*pod_) && pod_->metadata().has_deletiongraceperiodseconds())
    grace = std::min(grace, span_of_seconds(pod_->metadata().deletiongraceperiodseconds()));
  if (object_gone_) grace = Duration{0};
  return stop_started_ + std::max(grace, kGraceMin);
}

// Until the container has ended, or `deadline` or the pod's own, whichever is first.
Task<void> PodWorker::wait_for_end(std::string name, WallTime deadline) {
  while (record_.containers[name].running()) {
    const WallTime until = std::min(deadline, stop_deadline());
    const Duration left = until - node_.loop.now();
    if (left <= Duration{0}) co_return;
    co_await with_timeout(node_.loop, left, happened(changed_));
  }
}

Task<void> PodWorker::stop_container(std::string name) {
  if (!record_.containers[name].running()) co_return;
  const auto* spec = find_container(pod_->spec(), name);
  const bool init = std::any_of(pod_->spec().initcontainers().begin(), pod_->spec().initcontainers().end(),
                                [&](const auto& c) { return c.name() == name; });
  const std::string field_path = std::string(init ? "spec.initContainers{" : "spec.containers{") + name + "}";
  node_.recorder.normal(*pod_, "Killing", "Stopping container " + name, field_path);

  if (spec != nullptr && spec->lifecycle().has_prestop()) {
    const auto& hook = spec->lifecycle().prestop();
    if (hook.has_sleep()) {
      co_await wait_for_end(name, node_.loop.now() + span_of_seconds(hook.sleep().seconds()));
    } else {
      node_.recorder.warning(*pod_, "FailedPreStopHook", "PreStopHook failed: this node runs sleep hooks only", field_path);
    }
  }
  if (!record_.containers[name].running()) co_return;
  const std::string id = record_.containers[name].current->id;
  auto sent = co_await node_.runtime.signal_container(id, parse_signal(stop_signals_[name]));
  if (!sent) log_warning("stop signal not sent", "container", id, "error", sent.error().message);
  co_await wait_for_end(name, WallTime::max());
  co_await kill(name);
}

Task<void> PodWorker::kill(std::string name) {
  while (record_.containers[name].running()) {
    const std::string id = record_.containers[name].current->id;
    auto sent = co_await node_.runtime.signal_container(id, SIGKILL);
    if (!sent) log_warning("container not killed", "container", id, "error", sent.error().message);
    if (!record_.containers[name].running()) co_return;
    auto ended = co_await with_timeout(node_.loop, kKillRetry, happened(changed_));
    if (ended || node_.runtime.status(id)) continue;
    // The runtime does not know it: nobody will ever tell its end.
    ContainerInstance& lost = *record_.containers[name].current;
    lost.state = ContainerState::kExited;
    lost.exit_code = 137;
    lost.reason = "ContainerStatusUnknown";
    lost.message = "The container could not be located when the pod was terminated";
    lost.finished_at = node_.loop.now();
  }
}

Task<void> PodWorker::finish() {
  status_.touch();
  co_await status_.flush();
  co_await clean_up();
  co_await remove_object();
  if (object_gone_) {
    co_await on_pool(node_.loop, [logs = paths_.logs] {
      std::error_code error;
      std::filesystem::remove_all(logs, error);
      if (error) log_warning("logs not removed", "dir", logs, "error", error.message());
    });
  }
  finished_();
}

Task<void> PodWorker::clean_up() {
  while (true) {
    auto done = co_await node_.runtime.remove_sandbox(pod_->metadata().uid());
    if (done) done = co_await on_pool(node_.loop, [root = paths_.root] { return tear_down_pod_dir(root); });
    if (done) co_return;
    log_warning("pod not cleaned up", "pod", pod_->metadata().name(), "namespace", pod_->metadata().namespace_(), "error",
                done.error().message);
    if (!object_gone_) node_.recorder.warning(*pod_, "FailedKillPod", "error killing pod: " + done.error().message);
    co_await sleep_for(node_.loop, kCleanUpRetry);
  }
}

// The object of a deleted pod is ours to remove, once nothing of the pod is left here.
Task<void> PodWorker::remove_object() {
  while (!object_gone_ && !status_.gone() && is_deleting(*pod_)) {
    DeleteRequest request{.grace_period_seconds = 0, .uid = pod_->metadata().uid()};
    auto removed =
        co_await node_.client.remove(kind_of<corev1::Pod>(), pod_->metadata().namespace_(), pod_->metadata().name(), std::move(request));
    if (removed || removed.error().reason == Reason::kNotFound || removed.error().reason == Reason::kConflict) co_return;
    log_warning("pod object not removed", "pod", pod_->metadata().name(), "namespace", pod_->metadata().namespace_(), "error",
                removed.error().message);
    co_await sleep_for(node_.loop, kRemoveRetry);
  }
}

}  // namespace stint
