// All of stint in virtual time and in one thread: the real server over the memory store, the real controllers, scheduler and node agent,
// wired as `stint serve` wires them (cluster.h), over a runtime whose containers are timers. Repeatable: one seed gives one run. A node of
// it has room for whatever is run. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/cluster.h"
#include "app/commit_tap.h"
#include "base/sim_loop.h"
#include "client/client.h"
#include "node/fake_image_store.h"
#include "runtime/fake/fake_runtime.h"

namespace stint {

struct VirtualClusterOptions {
  WallTime start;
  uint64_t seed = 1;
  FakeRuntime::Behaviour behaviour;  // null: every container exits 0 at once
  int64_t cpus = 100'000, memory_bytes = int64_t{1} << 50, pods_max = 200'000;
  // A real node's would make a month in virtual time 260,000 writes, which nobody here reads.
  Duration heartbeat = std::chrono::hours(6);
  std::function<std::unique_ptr<Client>(Part, std::unique_ptr<Client>)> wrap_client;
  std::function<std::unique_ptr<FakeRuntime>(Loop&)> make_runtime = make_fake_runtime;
};

class VirtualCluster {
 public:
  // Everything is started, and has come to rest.
  explicit VirtualCluster(VirtualClusterOptions options);
  ~VirtualCluster();

  SimLoop& loop() { return loop_; }
  CommitTap& store() { return store_; }
  Server& server() { return cluster_->server(); }
  Client& admin() { return *admin_; }  // an administrator's; another one after restart_all()
  FakeRuntime& runtime() { return *runtime_; }
  FakeImageStore& images() { return images_; }
  const std::string& node_name() const { return node_name_; }

  // A part's process ends, with all that it had in memory, and begins again. Containers go on meanwhile; so they do when everything ends.
  // REQUIRES: nobody waits for an answer of the server when that goes, which it does with everything.
  void stop(Part part) { cluster_->stop(part); }
  void start(Part part) { cluster_->start(part); }
  void restart_all();
  // The machine is gone with all that ran on it, and so is its Node object; another one comes in its place.
  void lose_node();
  // A namespace, with an account whose token is mounted nowhere: renewing tokens would keep the clock busy.
  Result<void> make_namespace(const std::string& name);

  // Runs the task, letting time go on where it waits, at most for `limit`.
  template <class T>
  T await(Task<T> task, Duration limit = std::chrono::minutes(1)) {
    std::optional<T> value;
    Event done(loop_);
    Scope scope(loop_);
    scope.spawn(internal::store_result(std::move(task), &value, &done));
    loop_.run_ready();
    for (Duration step{std::chrono::milliseconds(1)}; !value && limit > Duration{0}; limit -= step) loop_.run_for(step);
    if (!value) std::abort();  // whoever serves it is gone
    return std::move(*value);
  }

 private:
  void boot();
  ClusterOptions cluster_options() const;
  Result<void> make_account(const std::string& ns);

  const VirtualClusterOptions options_;
  SimLoop loop_;
  CommitTap store_;
  std::unique_ptr<FakeRuntime> runtime_;
  FakeImageStore images_;
  std::string dir_;
  std::string node_name_ = "node-1";
  int nodes_ = 1;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Client> admin_;
};

}  // namespace stint
