// Stopping one container: its preStop hook, its signal, its kill, all within a grace period that may grow shorter meanwhile.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <map>

#include "api/object.h"
#include "base/log.h"
#include "node/phase.h"
#include "node/pod_worker.h"

namespace stint {
namespace {

constexpr Duration kGraceMin = std::chrono::seconds(2);  // a signal is always given that long
constexpr Duration kKillRetry = std::chrono::seconds(5);

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

// May come nearer while stopping: a second deletion can shorten the grace period.
Duration PodWorker::deadline(Duration begun, const StopOrder& order) const {
  Duration grace = grace_period();
  if (is_deleting(*pod_) && pod_->metadata().has_deletiongraceperiodseconds()) {
    grace = std::min(grace, span_of_seconds(pod_->metadata().deletiongraceperiodseconds()));
  } else if (order.grace) {
    grace = *order.grace;
  }
  if (object_gone_) grace = Duration{0};
  return end_by_ ? std::min(begun + grace, *end_by_) : begun + grace;
}

// `unfinished` and `until` are asked anew at each exit and at each change of the object.
Task<void> PodWorker::wait_while(std::function<bool()> unfinished, std::function<Duration()> until) {
  while (unfinished()) {
    const Duration left = until() - node_.loop.steady_now();
    if (left <= Duration{0}) co_return;
    co_await with_timeout(node_.loop, left, happened(changed_));
  }
}

Task<void> PodWorker::run_pre_stop(CheckedContainerPtr container, bool* done) {
  const auto result = co_await node_.checks.hook(container, container->spec.lifecycle().prestop());
  if (!result.done) {
    log_info("preStop hook failed", "container", container->id);
    node_.recorder.warning(*pod_, "FailedPreStopHook", "PreStopHook failed", container->field_path);
  }
  if (!result.remark.empty()) node_.recorder.warning(*pod_, "LifecycleHTTPFallback", result.remark);
  *done = true;
  changed_.pulse();
}

Task<void> PodWorker::stop_container(std::string name, StopOrder order) {
  const Duration begun = node_.loop.steady_now();
  const auto spec = copy_container(pod_->spec(), name);
  if (!record_.containers[name].running() || !spec) co_return;
  const CheckedContainerPtr container = to_check({&*spec, field_path_of(name)});
  node_.recorder.normal(*pod_, "Killing", order.message, container->field_path);

  const auto running = [&] { return runs(name, container->id); };
  const auto grace_ends = [this, begun, &order] { return deadline(begun, order); };
  if (container->spec.lifecycle().has_prestop() && grace_ends() > begun) {
    bool done = false;
    Scope hook(node_.loop);
    hook.spawn(run_pre_stop(container, &done));
    co_await wait_while([&] { return running() && !done; }, grace_ends);
  }
  if (order.in_turn) co_await wait_while([&] { return running() && is_needed_by_others(name); }, grace_ends);
  if (!running()) co_return;
  const Duration signalled = node_.loop.steady_now();
  auto sent = co_await node_.runtime.signal_container(container->id, parse_signal(stop_signals_[name]));
  if (!sent) log_warning("stop signal not sent", "container", container->id, "error", sent.error().message);
  co_await wait_while(running, [&] { return std::max(grace_ends(), signalled + kGraceMin); });
  co_await kill(name, container->id);
}

// Upstream's order of ends: regular containers together, then the sidecars, the last first.
bool PodWorker::is_needed_by_others(const std::string& sidecar) const {
  auto runs = [this](const corev1::Container& container) {
    const auto* record = record_.find(container.name());
    return record != nullptr && record->running();
  };
  const auto& spec = pod_->spec();
  if (std::ranges::any_of(spec.containers(), runs)) return true;
  auto after = std::ranges::find(spec.initcontainers(), sidecar, [](const auto& container) { return container.name(); });
  return after != spec.initcontainers().end() && std::any_of(after + 1, spec.initcontainers().end(), runs);
}

// This attempt: the next one may run before who waits for the end of this one has heard of it.
bool PodWorker::runs(const std::string& name, const std::string& id) const {
  const auto* record = record_.find(name);
  return record != nullptr && record->running() && record->current->id == id;
}

Task<void> PodWorker::kill(std::string name, std::string id) {
  while (runs(name, id)) {
    auto sent = co_await node_.runtime.signal_container(id, SIGKILL);
    if (!sent) log_warning("container not killed", "container", id, "error", sent.error().message);
    if (!runs(name, id)) co_return;
    auto ended = co_await with_timeout(node_.loop, kKillRetry, happened(changed_));
    if (ended || !runs(name, id) || node_.runtime.status(id)) continue;
    // The runtime does not know it: nobody will ever tell its end.
    ContainerInstance& lost = *record_.containers[name].current;
    lost.state = ContainerState::kExited;
    lost.exit_code = 137;
    lost.reason = "ContainerStatusUnknown";
    lost.message = "The container could not be located when the pod was terminated";
    lost.finished_at = node_.loop.now();
    lost.end_seen_at = node_.loop.steady_now();
    forget_attempt(name);
  }
}

}  // namespace stint
