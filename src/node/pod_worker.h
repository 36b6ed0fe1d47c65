// One pod on this node, from admission to the removal of its last file. A coroutine with an inbox: it wakes for a changed object, an ended
// container, a finished pull or a timer, and then walks an ordered list of idempotent steps as far as they go. So a pass may run at any
// time, twice, or first after a restart of this process. Loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "api/object.h"
#include "node/container_record.h"
#include "node/environment.h"
#include "node/image_puller.h"
#include "node/node_context.h"
#include "node/pod_files.h"
#include "node/pod_storage.h"
#include "node/pod_tokens.h"
#include "node/probes/container_probes.h"
#include "node/restart_policy.h"
#include "node/status_writer.h"
#include "node/volumes.h"

namespace stint {

class PodWorker {
 public:
  using Pod = std::shared_ptr<const corev1::Pod>;
  // `finished` is called once, when nothing of the pod is left to do here; it may not destroy the worker before the loop's next turn.
  PodWorker(NodeContext& node, Pod pod, std::function<void()> finished);
  ~PodWorker();

  // What an earlier life of this process left of the pod. REQUIRES: before start().
  void recover(const SandboxStatus* sandbox, const std::vector<ContainerStatus>& found);
  void start();

  void update(Pod pod);  // the object changed
  void object_gone();    // the object was removed from the server
  void container_ended(const ContainerStatus& status);
  // The node ends it. One that is ending already keeps its reasons, but has no more time than this.
  void end(PodEnd end);
  Duration grace_period() const;  // of its spec
  // What it takes of the disk now; as expensive as looking at each of its files.
  Task<PodStorage> storage_use() const;
  const corev1::Pod& pod() const { return *pod_; }
  // Adds the ids of the images that its containers run or are about to.
  void add_images(std::set<std::string>& ids) const;
  // No longer weighs on the node: nothing of it runs or will run.
  bool is_ending() const { return record_.ending || !record_.failed_reason.empty() || is_deleting(*pod_); }
  bool refused() const { return record_.refused; }

 private:
  enum class Outcome { kDone, kWait };
  struct Step {
    std::string_view name;
    Task<Outcome> (PodWorker::*run)();
  };
  static std::span<const Step> steps();
  struct ContainerRef {
    const corev1::Container* spec;
    std::string field_path;
    std::string looks_at = {};  // of an ephemeral one: whose processes it sees, "" nobody's
  };

  // The life of the pod (pod_worker.cc).
  Task<void> run();
  Task<void> pass();
  bool must_stop();
  bool needs_files() const { return node_.runtime.uses_files() || pod_->spec().volumes_size() > 0; }
  bool ended_by_itself() const;
  Task<void> absorb_exits();
  Task<void> recall_earlier_ends();
  Task<std::string> last_words(ContainerStatus status);
  void look_again_at(Duration when);  // of the loop's steady clock, as all moments below that are a Duration
  void arm_timer();

  // The steps, in order (pod_start.cc).
  Task<Outcome> admit();
  Task<Outcome> make_directories();
  Task<Outcome> make_volumes();
  Task<Outcome> make_sandbox();
  Task<Outcome> run_ephemeral_containers();
  Task<Outcome> run_init_containers();
  Task<Outcome> run_containers();
  DownwardInput downward() const;

  // Volumes (pod_volumes.cc).
  Task<void> refresh_volumes();
  void plan_refresh();
  Task<Outcome> check_storage();
  Task<Result<VolumePayloads>> build_payloads();
  Task<Result<ClaimedVolumes>> claimed_volumes();
  Task<Result<ClaimedVolume>> claimed_volume(std::string volume, std::string claim);
  void volumes_failed(const Error& error);
  Task<Result<ReferencedObjects>> fetch(ReferencedNames names);
  Task<Result<std::string>> make_text(corev1::VolumeProjection projection);

  // One container (container_start.cc).
  enum class Start { kRunning, kPulling, kWaiting };
  Task<Start> ensure_started(ContainerRef container);
  Task<std::optional<Start>> prepare_image_volumes(ContainerRef container, int attempt);
  Task<Start> launch(ContainerRef container, ImageInfo image, int attempt);
  Task<Result<ContainerConfig>> configure(ContainerRef container, ImageInfo image, int attempt);
  void started(const ContainerRef& container, const ImageInfo& image, const ContainerStatus& status);
  Start wait_for(const ContainerRef& container, std::string reason, std::string message, std::optional<Duration> again_at);
  bool back_off(const ContainerRef& container, const ContainerRecord& record);
  bool any_regular_container_started() const;
  Task<void> drop_container(std::string id);
  NodeMetrics::ContainerType type_of(const ContainerRef& container) const;

  // What goes on beside a running container (pod_health.cc).
  std::string field_path_of(const std::string& name) const;
  CheckedContainerPtr to_check(const ContainerRef& container) const;
  void watch_over_found();
  void watch_over(const CheckedContainerPtr& container);
  void start_probes(const CheckedContainerPtr& container, std::optional<ContainerProbes::Published> before);
  Task<void> run_post_start(CheckedContainerPtr container);
  void take_health(const std::string& name);
  void stop_unhealthy();
  Task<void> stop_unhealthy_container(std::string name, ProbeKind why);
  bool is_through_start(const ContainerRecord& record) const { return record.running() && !record.starting; }
  void forget_attempt(const std::string& name);

  // All containers begin anew (pod_restart.cc).
  bool asked_for_all_anew(const std::string& name) const;
  bool wants_all_anew() const;
  Task<bool> begin_all_anew();
  Task<void> reset_container(std::string name);

  // Stopping containers (container_stop.cc).
  struct StopOrder {
    std::string message;            // of the event
    std::optional<Duration> grace;  // instead of the pod's, unless the pod is being deleted
    bool in_turn = false;           // a sidecar: after the containers that may need it
  };
  Task<void> stop_container(std::string name, StopOrder order);
  Task<void> run_pre_stop(CheckedContainerPtr container, bool* done);
  Task<void> wait_while(std::function<bool()> unfinished, std::function<Duration()> until);
  Task<void> kill(std::string name, std::string id);
  bool runs(const std::string& name, const std::string& id) const;
  bool is_needed_by_others(const std::string& sidecar) const;
  Duration deadline(Duration begun, const StopOrder& order) const;

  // The end (pod_stop.cc).
  Task<void> stop();
  Task<void> pump_exits();
  Task<void> finish();
  Task<void> clean_up();
  Task<void> remove_object();

  NodeContext& node_;
  Pod pod_;
  PodPaths paths_;
  std::function<void()> finished_;
  PodRecord record_;
  StatusWriter status_;
  ImagePuller puller_;
  PodTokens tokens_;
  std::map<std::string, BackOff> back_offs_;                        // by container
  std::map<std::string, std::string> stop_signals_;                 // by container, of its image
  std::map<std::string, std::unique_ptr<ContainerProbes>> probes_;  // by container, of its running attempt
  std::set<std::string> being_stopped_;                             // alone, while the pod goes on
  Duration all_anew_at_{0};

  // Inbox.
  Event wake_;
  Event changed_;  // pulses after each absorbed exit or changed object, while stopping
  std::deque<ContainerStatus> exits_;
  std::vector<ContainerStatus>
      earlier_ends_;  // of attempts before the present ones, found after a restart: their last words are to be read
  bool object_gone_ = false;
  std::optional<Duration> look_again_;
  Loop::TimerId timer_ = 0;

  // Progress of the steps.
  bool admitted_ = false, directories_made_ = false, volumes_made_ = false;
  Duration volume_retry_{0};
  Duration volume_retry_at_{0};
  std::optional<Duration> refresh_at_;  // of files in volumes; none: the pod has no such volumes
  Duration storage_check_at_{0};        // of limits of what it takes of the disk
  Duration sandbox_retry_at_{0};
  bool ended_ = false;
  std::optional<WallTime> start_time_;
  std::optional<Duration> seen_at_;  // steady; of a pod whose containers have not all been started for the first time
  std::optional<Duration> end_by_;   // of its containers, whatever grace the pod has

  Scope beside_;  // hooks, and the stopping of single containers
  Scope scope_;   // last: destroyed first
};

}  // namespace stint
