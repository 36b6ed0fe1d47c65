// A rule of one container may want all containers of its pod to begin anew, in the same sandbox and with the same volumes.
#include <algorithm>

#include "node/phase.h"
#include "node/pod_worker.h"

namespace stint {
namespace {

// Upstream looks at what its runtime does once a second: so long the condition stands before anything is killed, and no pod goes round
// faster.
constexpr Duration kPause = std::chrono::seconds(1);

}  // namespace

bool PodWorker::asked_for_all_anew(const std::string& name) const {
  const auto* spec = find_container(pod_->spec(), name);
  const auto* record = record_.find(name);
  return spec != nullptr && record != nullptr && record->exited() && restarts_all(*spec, record->current->exit_code);
}

bool PodWorker::wants_all_anew() const {
  return std::ranges::any_of(record_.containers, [this](const auto& entry) { return asked_for_all_anew(entry.first); });
}

// True: not now, and nothing else is to be started until then. Those that asked for it are forgotten last, so that a crash on the way
// leaves the asking.
Task<bool> PodWorker::begin_all_anew() {
  if (!wants_all_anew()) co_return false;
  if (!record_.restarting_all) {
    record_.restarting_all = true;
    all_anew_at_ = node_.loop.steady_now() + kPause;
  }
  if (node_.loop.steady_now() < all_anew_at_) {
    look_again_at(all_anew_at_);
    co_return true;
  }
  beside_.cancel();
  std::vector<std::string> names;
  for (const auto* list : {&pod_->spec().containers(), &pod_->spec().initcontainers()})
    for (const auto& container : *list) names.push_back(container.name());
  {
    Scope pump(node_.loop);
    pump.spawn(pump_exits());
    for (const auto& name : names) co_await stop_container(name, {.message = "killing", .grace = Duration{0}});
  }
  if (must_stop()) co_return true;
  for (const bool asked : {false, true})
    for (const auto& name : names)
      if (asked_for_all_anew(name) == asked) co_await reset_container(name);
  record_.restarting_all = false;
  co_return false;
}

Task<void> PodWorker::reset_container(std::string name) {
  ContainerRecord& old = record_.containers[name];
  if (!old.current) co_return;
  if (old.previous && !old.previous->id.empty()) co_await drop_container(old.previous->id);
  if (!old.current->id.empty()) co_await drop_container(old.current->id);
  ContainerRecord fresh{.image = old.image, .image_id = old.image_id, .waiting_reason = std::string(kRestartingAllContainers)};
  fresh.waiting_message = "The container is removed because RestartAllContainers in place";
  fresh.restarts = old.next_attempt();
  fresh.previous = ContainerInstance{.attempt = old.current->attempt, .state = ContainerState::kExited, .exit_code = 137};
  fresh.previous->reason = fresh.waiting_reason;
  fresh.previous->message = fresh.waiting_message;
  old = std::move(fresh);
}

}  // namespace stint
