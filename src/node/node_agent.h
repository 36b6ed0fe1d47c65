// The node agent: this machine as a Node, and a worker for every pod bound to it. It sees only Client, Runtime and ImageStore, so it can
// run beside the server or on another machine. Containers outlive it: start() first finds what an earlier life left, then keeps what still
// runs, takes in true exit codes, and cleans up what the server does not know any more. Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/node_page.h"
#include "client/client.h"
#include "client/informer.h"
#include "client/recorder.h"
#include "image/image_store.h"
#include "node/admission.h"
#include "node/dns/directory.h"
#include "node/dns/resolver.h"
#include "node/eviction.h"
#include "node/exec.h"
#include "node/image_collector.h"
#include "node/local_provisioner.h"
#include "node/log_rotation.h"
#include "node/logs.h"
#include "node/node_context.h"
#include "node/node_object.h"
#include "node/pod_worker.h"
#include "node/shutdown.h"
#include "node/usage_pages.h"
#include "node/usage_sampler.h"
#include "runtime/runtime.h"

namespace stint {

struct NodeOptions {
  std::string name;
  std::string data_dir;      // pods' files below data_dir/pods/<uid>
  std::string log_dir;       // <log_dir>/<namespace>_<pod>_<uid>/<container>/<restartCount>.log
  std::string host_ip;       // of the node: status.hostIP
  std::string host_address;  // what host.stint.internal means in a pod; "" leaves the name out
  std::string dns_address;   // where the pods' resolver listens; "" for none
  int64_t pods_max = 500;
  int64_t pod_pids_max = 0;                       // processes of one pod, 0 no limit
  ResourceAmounts reserved;                       // of the machine, not for pods
  std::optional<NodeFacts> facts;                 // of a machine that is only thought of; nothing: this one's
  Duration heartbeat = std::chrono::seconds(10);  // between two looks at the machine, and between two renewals of the lease
  LogLimits log_limits;
  EvictionThresholds eviction_hard = default_eviction_thresholds();
  std::string image_dir;                  // where images are unpacked; "" if that is somebody else's
  std::function<Observations()> observe;  // what there is left, asked on the pool; null: this machine is asked, unless it has `facts`
  ImageCollection image_collection;
  std::string volumes_dir;     // where volumes for claims are made; "": nobody makes any
  Metrics* metrics = nullptr;  // where it counts, and what outlives it; null: for itself
  bool samples_usage = true;   // of the machine and of containers, for metrics.k8s.io
};

class NodeAgent : private NodePageSource {
 public:
  NodeAgent(Loop& loop, Client& client, Runtime& runtime, ImageStore& images, NodeOptions options);
  ~NodeAgent() override;

  void start();
  // Ends every pod, the critical ones last, and returns when nothing of them is left or their time is over. The Node is not ready from
  // then on, and takes no pods in.
  Task<void> shut_down(ShutdownGrace grace);
  // Set when the runtime is recovered and the pods of this node are known.
  Event& ready_event() { return ready_; }
  LogSource& logs() { return logs_; }
  ExecSource& exec() { return exec_; }
  ForwardSource& forward() { return forward_; }
  UsageSource& usage() { return usage_; }
  NodePageSource& pages() { return *this; }
  // Pods with a worker: those that run, or are being brought up or taken down.
  size_t workers() const { return workers_.size(); }

 private:
  Task<void> run();
  Task<void> recover();
  Task<bool> remove_leftovers();  // false: pods have gone meanwhile
  Task<void> start_resolver();
  Task<void> keep_trying_resolver();
  Result<void> try_resolver();
  // The Node object and its lease (node_registration.cc).
  Task<void> keep_registered();
  Task<NodeFacts> look_at_machine();
  Task<Result<void>> put_node();
  Task<void> keep_lease();
  Task<Result<void>> renew_lease();

  void pod_changed(const Object& old, const Object& next);
  void start_worker(std::shared_ptr<const corev1::Pod> pod);
  void worker_finished(const std::string& uid);
  Task<void> remove_pod_object(std::shared_ptr<const corev1::Pod> pod);
  Task<void> remove_logs(std::shared_ptr<const corev1::Pod> pod);
  std::set<std::string> images_in_use() const;
  Task<Result<DiskRoom>> look_at_image_disk();
  std::optional<Refusal> refuse(const corev1::Pod& pod) const;
  Environment service_environment(const corev1::Pod& pod) const;
  // What a kubelet shows (node_pages.cc).
  Task<Result<NodePage>> page(std::string node, std::string target) override;
  Task<NodeReading> read_usage(bool with_storage);
  Task<PodStorage> storage_of(std::string uid);  // as it was within the last minute

  // Shortages (node_eviction.cc).
  Task<void> keep_from_shortage();
  Task<bool> relieve();  // whether a pod was ended for it
  Task<std::vector<PodUse>> pod_uses(std::string resource);
  Task<bool> evict(PodUse victim, MetThreshold met);
  Task<bool> gone();                                                      // once a worker is
  Task<void> end_group(std::vector<ShutdownGroup> groups, size_t index);  // node_shutdown.cc

  Loop& loop_;
  Client& client_;
  Runtime& runtime_;
  NodeOptions options_;
  NodeDescription description_;
  Recorder recorder_;
  Metrics own_metrics_;
  NodeMetrics metrics_;
  Metrics::Handle before_text_;
  Checks checks_;
  NodeContext context_;
  NodeLogs logs_;
  NodeExec exec_;
  NodeForward forward_;
  LogRotator rotator_;
  UsageSampler usage_;
  ImageCollector image_collector_;
  std::unique_ptr<LocalProvisioner> provisioner_;
  Informer pods_;
  Informer services_;
  dns::Directory directory_;
  std::unique_ptr<dns::Resolver> resolver_;  // once it listens
  Event ready_;
  Event worker_gone_;                                          // set whenever one is
  std::map<std::string, std::unique_ptr<PodWorker>> workers_;  // by uid
  WeighingPods weighing_;                                      // those of the workers that were not refused and have not ended
  // What an earlier life left and a worker is to take over, by uid. Later sandboxes are made by the workers themselves.
  std::map<std::string, SandboxStatus> found_sandboxes_;
  WallTime status_written_at_;
  PressureTracker pressures_;
  struct MeasuredStorage {
    Duration at;  // steady
    PodStorage storage;
  };
  std::map<std::string, MeasuredStorage> storage_;  // by uid, of pods with a worker
  Scope scope_;                                     // last: destroyed first
};

}  // namespace stint
