#include "node/pod_worker.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "api/core/pod_validation.h"
#include "api/object.h"
#include "base/log.h"
#include "node/image_collector.h"
#include "node/phase.h"
#include "node/termination_message.h"

namespace stint {
namespace {

ContainerInstance to_instance(const ContainerStatus& status) {
  return {.id = status.id,
          .attempt = status.attempt,
          .state = status.state,
          .exit_code = status.exit_code,
          .reason = status.reason,
          .message = status.message,
          .started_at = status.started_at,
          .finished_at = status.finished_at};
}

void add_words(ContainerInstance& end, const std::string& words) {
  if (!words.empty()) end.message += (end.message.empty() ? "" : ": ") + words;
}

using Labels = google::protobuf::Map<std::string, std::string>;

bool same_entries(const Labels& a, const Labels& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const auto& entry) {
           const auto found = b.find(entry.first);
           return found != b.end() && found->second == entry.second;
         });
}

std::string bare_id(const std::string& container_id) {
  const size_t scheme = container_id.find("://");
  return scheme == std::string::npos ? container_id : container_id.substr(scheme + 3);
}

ContainerInstance from_terminated(const corev1::ContainerStateTerminated& end, int attempt) {
  return {.id = bare_id(end.containerid()),
          .attempt = attempt,
          .state = ContainerState::kExited,
          .exit_code = end.exitcode(),
          .reason = end.reason(),
          .message = end.message(),
          .started_at = from_time(end.startedat()),
          .finished_at = from_time(end.finishedat())};
}

// What the pod's own status says of a container that the runtime does not know any more.
ContainerRecord from_status(const corev1::ContainerStatus& status, WallTime now) {
  ContainerRecord record;
  record.image = status.image();
  record.image_id = status.imageid();
  const int attempt = status.restartcount();
  if (status.state().has_terminated()) {
    record.current = from_terminated(status.state().terminated(), attempt);
    if (status.laststate().has_terminated()) record.previous = from_terminated(status.laststate().terminated(), attempt - 1);
  } else if (status.state().has_running()) {
    record.current =
        ContainerInstance{.id = bare_id(status.containerid()), .attempt = attempt, .state = ContainerState::kExited, .exit_code = 137};
    record.current->reason = "ContainerStatusUnknown";
    record.current->message = "The container could not be located when the pod was terminated";
    record.current->started_at = from_time(status.state().running().startedat());
    record.current->finished_at = now;
  } else if (status.state().waiting().reason() == kRestartingAllContainers) {
    record.previous = from_terminated(status.laststate().terminated(), attempt - 1);
    record.restarts = attempt;
    record.waiting_reason = status.state().waiting().reason();
    record.waiting_message = status.state().waiting().message();
  } else if (status.laststate().has_terminated()) {
    record.current = from_terminated(status.laststate().terminated(), attempt);
  }
  return record;
}

}  // namespace

PodWorker::PodWorker(NodeContext& node, Pod pod, std::function<void()> finished)
    : node_(node),
      pod_(std::move(pod)),
      paths_(node.data_dir, node.log_dir, *pod_),
      finished_(std::move(finished)),
      status_(node.loop, node.client, pod_,
              [this](const corev1::Pod& newest) { return compute_status(newest, record_, node_.identity, node_.loop.now()); }),
      puller_(node.loop, node.client, node.images, node.recorder, [this] { wake_.set(); }),
      tokens_(node.loop, node.client),
      wake_(node.loop),
      changed_(node.loop),
      beside_(node.loop),
      scope_(node.loop) {
  if (pod_->status().has_starttime()) start_time_ = from_time(pod_->status().starttime());
}

PodWorker::~PodWorker() {
  if (timer_ != 0) node_.loop.cancel_timer(timer_);
}

void PodWorker::recover(const SandboxStatus* sandbox, const std::vector<ContainerStatus>& found) {
  if (sandbox != nullptr) {
    // The hosts file is the last thing made: without it we were killed on the way, and go it again.
    record_.sandbox_ready = sandbox->ready && std::filesystem::exists(paths_.hosts());
    record_.pod_ip = sandbox->ip;
  }
  auto recall = [&](const corev1::Container& container) {
    std::vector<const ContainerStatus*> attempts;
    for (const auto& status : found)
      if (status.name == container.name()) attempts.push_back(&status);
    std::sort(attempts.begin(), attempts.end(), [](const auto* a, const auto* b) { return a->attempt > b->attempt; });
    const auto* published = find_container_status(pod_->status(), container.name());
    if (attempts.empty()) {
      if (published != nullptr) record_.containers[container.name()] = from_status(*published, node_.loop.now());
      return;
    }
    ContainerRecord& record = record_.containers[container.name()];
    record.current = to_instance(*attempts[0]);
    // An ended one goes through the inbox, so that its last words are read.
    if (record.exited()) {
      record.current->state = ContainerState::kRunning;
      exits_.push_back(*attempts[0]);
    }
    if (attempts.size() > 1) {
      record.previous = to_instance(*attempts[1]);
      earlier_ends_.push_back(*attempts[1]);
    }
    if (published == nullptr) return;
    record.image = published->image();
    record.image_id = published->imageid();
    if (!record.previous && published->laststate().has_terminated() && published->restartcount() == record.current->attempt)
      record.previous = from_terminated(published->laststate().terminated(), record.current->attempt - 1);
  };
  for (const auto& container : pod_->spec().initcontainers()) recall(container);
  for (const auto& container : pod_->spec().containers()) recall(container);
  for (const auto& container : pod_->spec().ephemeralcontainers()) recall(core::as_container(container));
}

void PodWorker::start() {
  watch_over_found();
  scope_.spawn(run());
}

void PodWorker::add_images(std::set<std::string>& ids) const {
  add_images_of(pod_->spec(), node_.images, ids);
  puller_.add_images(ids);  // where a name has come to mean another image
}

void PodWorker::update(Pod pod) {
  // Most changes are the echo of our own status writes.
  const auto& before = pod_->metadata();
  const auto& now = pod->metadata();
  const bool described_anew = !same_entries(before.labels(), now.labels()) || !same_entries(before.annotations(), now.annotations());
  if (described_anew && refresh_at_) refresh_at_ = node_.loop.steady_now();  // files of the downward API
  const bool asked = described_anew || before.generation() != now.generation() || is_deleting(*pod_) != is_deleting(*pod) ||
                     before.deletiongraceperiodseconds() != now.deletiongraceperiodseconds();
  pod_ = pod;
  const bool news = status_.saw(std::move(pod));
  if (!asked && !news) return;
  wake_.set();
  changed_.pulse();
}

void PodWorker::object_gone() {
  object_gone_ = true;
  status_.set_gone();
  wake_.set();
  changed_.pulse();
}

void PodWorker::container_ended(const ContainerStatus& status) {
  exits_.push_back(status);
  wake_.set();
}

void PodWorker::end(PodEnd end) {
  const Duration by = node_.loop.steady_now() + end.grace;
  end_by_ = end_by_ ? std::min(*end_by_, by) : by;
  if (!record_.ending && record_.failed_reason.empty()) {
    if (end.disruption) record_.disruption = end.message;
    record_.failed_reason = std::move(end.reason);
    record_.failed_message = std::move(end.message);
  }
  wake_.set();
  changed_.pulse();
}

Duration PodWorker::grace_period() const {
  constexpr int64_t kDefaultSeconds = 30;
  return span_of_seconds(pod_->spec().has_terminationgraceperiodseconds() ? pod_->spec().terminationgraceperiodseconds() : kDefaultSeconds);
}

Task<void> PodWorker::run() {
  co_await recall_earlier_ends();
  status_.start();  // not before: what was told of them stays
  while (true) {
    wake_.reset();
    co_await absorb_exits();
    if (must_stop()) break;
    look_again_.reset();
    stop_unhealthy();
    if (!co_await begin_all_anew()) co_await pass();
    status_.touch();
    if (must_stop()) break;
    arm_timer();
    co_await wake_.wait();
  }
  co_await stop();
  co_await finish();
}

Task<void> PodWorker::pass() {
  for (const Step& step : steps()) {
    const Outcome outcome = co_await (this->*step.run)();
    if (outcome == Outcome::kWait) {
      log_debug("pod waits", "pod", pod_->metadata().name(), "namespace", pod_->metadata().namespace_(), "step", step.name);
      co_return;
    }
  }
}

bool PodWorker::must_stop() {
  if (object_gone_ || is_deleting(*pod_) || is_terminal_phase(pod_->status().phase()) || !record_.failed_reason.empty()) return true;
  if (ended_by_itself()) return true;
  if (!pod_->spec().has_activedeadlineseconds() || !start_time_) return false;
  if (node_.loop.now() < *start_time_ + span_of_seconds(pod_->spec().activedeadlineseconds())) return false;
  record_.failed_reason = "DeadlineExceeded";
  record_.failed_message = "Pod was active on the node longer than the specified deadline";
  node_.recorder.normal(*pod_, record_.failed_reason, record_.failed_message);
  return true;
}

bool PodWorker::ended_by_itself() const {
  if (!exits_.empty()) return false;
  auto ended_for_good = [&](const corev1::Container& container) {
    const auto* record = record_.find(container.name());
    return record != nullptr && record->exited() && !should_restart(container, pod_->spec(), record->current->exit_code);
  };
  for (const auto& container : pod_->spec().initcontainers()) {
    if (is_sidecar(container) || !ended_for_good(container)) continue;
    if (record_.find(container.name())->current->exit_code != 0) return true;
  }
  return std::all_of(pod_->spec().containers().begin(), pod_->spec().containers().end(), ended_for_good);
}

Task<void> PodWorker::absorb_exits() {
  while (!exits_.empty()) {
    const ContainerStatus ended = std::move(exits_.front());
    exits_.pop_front();
    auto found = record_.containers.find(ended.name);
    if (found == record_.containers.end() || !found->second.running() || found->second.current->id != ended.id) continue;
    ContainerInstance end = to_instance(ended);
    add_words(end, co_await last_words(ended));
    end.end_seen_at = node_.loop.steady_now();
    found->second.current = std::move(end);
    forget_attempt(ended.name);
    status_.touch();
    changed_.pulse();
  }
}

Task<void> PodWorker::recall_earlier_ends() {
  for (const ContainerStatus& ended : std::exchange(earlier_ends_, {})) {
    const std::string words = co_await last_words(ended);
    auto& previous = record_.containers[ended.name].previous;
    if (previous && previous->id == ended.id) add_words(*previous, words);
  }
}

Task<std::string> PodWorker::last_words(ContainerStatus status) {
  if (!needs_files()) co_return "";
  const auto spec = copy_container(pod_->spec(), status.name);
  const bool from_log = spec && spec->terminationmessagepolicy() == "FallbackToLogsOnError" && status.exit_code != 0;
  co_return co_await on_pool(node_.loop, [path = paths_.termination_log(status.name, status.attempt),
                                          log = from_log ? paths_.container_log(status.name, status.attempt) : std::string()] {
    return read_termination_message(path, log);
  });
}

void PodWorker::look_again_at(Duration when) { look_again_ = look_again_ ? std::min(*look_again_, when) : when; }

void PodWorker::arm_timer() {
  if (timer_ != 0) node_.loop.cancel_timer(std::exchange(timer_, 0));
  if (pod_->spec().has_activedeadlineseconds() && start_time_)
    look_again_at(node_.loop.steady_now() + (*start_time_ + span_of_seconds(pod_->spec().activedeadlineseconds()) - node_.loop.now()));
  if (!look_again_) return;
  timer_ = node_.loop.call_after(*look_again_ - node_.loop.steady_now(), [this] {
    timer_ = 0;
    wake_.set();
  });
}

}  // namespace stint
