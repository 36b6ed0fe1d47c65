#include "api/core/pod_table.h"

#include <algorithm>

#include "api/core/pod_spec.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

const corev1::PodCondition* condition(const corev1::Pod& pod, std::string_view type) {
  for (const corev1::PodCondition& one : pod.status().conditions()) {
    if (one.type() == type) return &one;
  }
  return nullptr;
}

bool is_true(const corev1::Pod& pod, std::string_view type) {
  const corev1::PodCondition* found = condition(pod, type);
  return found != nullptr && found->status() == "True";
}

// The walk over container statuses, in the order upstream's printer walks them (pods sheet, section 22).
class StatusWalk {
 public:
  explicit StatusWalk(const corev1::Pod& pod) : pod_(pod), status_(pod.status()) {
    text_ = status_.reason().empty() ? status_.phase() : status_.reason();
    const corev1::PodCondition* scheduled = condition(pod, "PodScheduled");
    if (scheduled && scheduled->reason() == "SchedulingGated") text_ = "SchedulingGated";
    bool stopped = walk_init();
    if (!stopped || is_true(pod, "Initialized")) walk_regular();
    apply_deletion();
  }

  const std::string& text() const { return text_; }
  int ready() const { return ready_; }
  std::string restarts(WallTime now) const {
    std::string text = std::to_string(restarts_);
    if (restarts_ > 0 && last_restart_.seconds() != 0) text += " (" + human_duration(now - from_time(last_restart_)) + " ago)";
    return text;
  }

 private:
  // True: an init container is not done, and the walk ends there.
  bool walk_init() {
    for (int i = 0; i < status_.initcontainerstatuses_size(); ++i) {
      const corev1::ContainerStatus& one = status_.initcontainerstatuses(i);
      const corev1::ContainerState& state = one.state();
      add_restarts(one, restarts_, last_restart_);
      bool sidecar = is_sidecar_named(one.name());
      if (sidecar) add_restarts(one, sidecar_restarts_, sidecar_last_restart_);
      if (state.has_terminated() && state.terminated().exitcode() == 0) continue;
      if (sidecar && one.started()) {
        if (one.ready()) ++ready_;
        continue;
      }
      text_ = "Init:" + init_text(state, i);
      return true;
    }
    return false;
  }

  std::string init_text(const corev1::ContainerState& state, int index) const {
    if (state.has_terminated()) {
      const corev1::ContainerStateTerminated& terminated = state.terminated();
      if (!terminated.reason().empty()) return terminated.reason();
      if (terminated.signal() != 0) return "Signal:" + std::to_string(terminated.signal());
      return "ExitCode:" + std::to_string(terminated.exitcode());
    }
    const std::string& waiting = state.waiting().reason();
    if (!waiting.empty() && waiting != "PodInitializing") return waiting;
    return std::to_string(index) + "/" + std::to_string(pod_.spec().initcontainers_size());
  }

  void walk_regular() {
    restarts_ = sidecar_restarts_;
    last_restart_ = sidecar_last_restart_;
    bool running = false;
    std::string error;
    for (int i = status_.containerstatuses_size() - 1; i >= 0; --i) {
      const corev1::ContainerStatus& one = status_.containerstatuses(i);
      const corev1::ContainerState& state = one.state();
      add_restarts(one, restarts_, last_restart_);
      if (state.has_waiting() && !state.waiting().reason().empty()) {
        text_ = state.waiting().reason();
      } else if (state.has_terminated()) {
        text_ = terminated_text(state.terminated());
        if (state.terminated().exitcode() != 0) error = text_;
      } else if (one.ready() && state.has_running()) {
        running = true;
        ++ready_;
      }
    }
    if (text_ != "Completed") return;
    if (running && is_true(pod_, "Ready")) {
      text_ = "Running";
    } else if (!error.empty()) {
      text_ = error;
    } else if (running) {
      text_ = "NotReady";
    }
  }

  static std::string terminated_text(const corev1::ContainerStateTerminated& terminated) {
    if (!terminated.reason().empty()) return terminated.reason();
    if (terminated.signal() != 0) return "Signal:" + std::to_string(terminated.signal());
    return "ExitCode:" + std::to_string(terminated.exitcode());
  }

  void apply_deletion() {
    if (!is_deleting(pod_)) return;
    if (status_.reason() == "NodeLost") {
      text_ = "Unknown";
    } else if (status_.phase() != "Succeeded" && status_.phase() != "Failed") {
      text_ = "Terminating";
    }
  }

  bool is_sidecar_named(std::string_view name) const {
    return std::ranges::any_of(pod_.spec().initcontainers(),
                               [&](const corev1::Container& one) { return one.name() == name && is_sidecar(one); });
  }

  static void add_restarts(const corev1::ContainerStatus& one, int64_t& sum, metav1::Time& last) {
    sum += one.restartcount();
    if (!one.laststate().has_terminated()) return;
    const metav1::Time& finished = one.laststate().terminated().finishedat();
    if (finished.seconds() > last.seconds()) last = finished;
  }

  const corev1::Pod& pod_;
  const corev1::PodStatus& status_;
  std::string text_;
  int ready_ = 0;
  int64_t restarts_ = 0;
  int64_t sidecar_restarts_ = 0;
  metav1::Time last_restart_;
  metav1::Time sidecar_last_restart_;
};

std::string readiness_gates(const corev1::Pod& pod) {
  int wanted = pod.spec().readinessgates_size();
  if (wanted == 0) return std::string(kNone);
  auto met = std::ranges::count_if(pod.spec().readinessgates(),
                                   [&](const corev1::PodReadinessGate& gate) { return is_true(pod, gate.conditiontype()); });
  return std::to_string(met) + "/" + std::to_string(wanted);
}

std::string_view terminal_message(std::string_view phase) {
  return phase == "Succeeded" ? "every container of the pod succeeded" : "the pod failed";
}

}  // namespace

constinit const Column kPodColumns[9] = {
    {.name = "Name", .format = "name", .description = "Name of the pod, unique in its namespace."},
    {.name = "Ready", .description = "Containers that are ready, of all that should be."},
    {.name = "Status", .description = "The state of the pod and of its containers, in one word."},
    {.name = "Restarts", .description = "How often containers were restarted, and when last."},
    {.name = "Age", .description = "Time since creation."},
    {.name = "IP", .priority = 1, .description = "Address of the pod."},
    {.name = "Node", .priority = 1, .description = "Node that runs the pod."},
    {.name = "Nominated Node", .priority = 1, .description = "Node that was made free for the pod by preemption."},
    {.name = "Readiness Gates", .priority = 1, .description = "Additional conditions that are true, of all that are asked for."},
};

void pod_row(const Message& object, WallTime now, Row& row) {
  const auto& pod = static_cast<const corev1::Pod&>(object);
  const corev1::PodStatus& status = pod.status();
  StatusWalk walk(pod);
  auto sidecars = std::ranges::count_if(pod.spec().initcontainers(), is_sidecar);
  std::string ready = std::to_string(walk.ready()) + "/" + std::to_string(pod.spec().containers_size() + sidecars);
  std::string ip = status.podips_size() > 0 ? status.podips(0).ip() : status.podip();
  row.cells = {pod.metadata().name(),
               ready,
               walk.text(),
               walk.restarts(now),
               age_of(pod, now),
               or_none(ip),
               or_none(pod.spec().nodename()),
               or_none(status.nominatednodename()),
               readiness_gates(pod)};
  if (status.phase() == "Succeeded" || status.phase() == "Failed") {
    row.conditions.push_back({"Completed", "True", status.phase(), std::string(terminal_message(status.phase()))});
  }
}

}  // namespace stint::core
