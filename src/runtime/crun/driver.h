// The crun driver's state and steps, by file: driver.cc (sandboxes and what is asked), container_steps.cc (a container from start to
// removal), streams.cc (commands, sessions and connections in it), recovery.cc (after a restart). Loop thread only.
#pragma once

#include <map>
#include <memory>

#include "base/slots.h"
#include "os/cgroup.h"
#include "runtime/crun/attach_session.h"
#include "runtime/crun/oci_program.h"
#include "runtime/crun/pod_network.h"
#include "runtime/crun/records.h"
#include "runtime/runtime.h"

namespace stint::crun {

struct Container {
  explicit Container(Loop& loop) : idle(std::make_shared<IdleConnections>(loop)), ended(loop), cleaned(loop) {}
  ContainerRecord record;
  os::Descriptor conmon;  // pidfds; empty once ended
  os::Descriptor init;
  bool doomed = false;                    // to be killed as soon as it runs
  std::shared_ptr<IdleConnections> idle;  // to its streams
  Event ended;                            // exit code known
  Event cleaned;                          // the OCI runtime has forgotten it
};

struct DriverParts {
  RuntimeOptions options;
  std::string version;
  os::CgroupTree cgroups;
  OciProgram program;
  std::unique_ptr<PodNetwork> network;
};

class CrunDriver : public Runtime {
 public:
  CrunDriver(Loop& loop, DriverParts parts);

  std::string name() const override { return options_.program; }
  std::string version() const override { return version_; }
  Task<Result<SandboxStatus>> create_sandbox(SandboxConfig config) override;
  Task<Result<void>> remove_sandbox(std::string sandbox_id) override;
  Task<Result<ContainerStatus>> start_container(ContainerConfig config) override;
  Task<Result<void>> signal_container(std::string container_id, int signal) override;
  Task<Result<void>> remove_container(std::string container_id) override;
  std::optional<ContainerStatus> status(const std::string& container_id) const override;
  std::string writable_layer(const std::string& container_id) const override { return paths_.files(container_id) + "/upper"; }
  Task<Result<ContainerUsage>> usage(std::string container_id) override;
  Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) override;
  Task<Result<std::unique_ptr<ExecSession>>> attach(std::string container_id, AttachOptions options) override;
  Task<Result<void>> reopen_log(std::string container_id) override;
  Task<Result<std::unique_ptr<PodConnection>>> connect(std::string sandbox_id, int port) override;
  std::vector<SandboxStatus> list_sandboxes() const override;
  std::vector<ContainerStatus> list_containers() const override;
  void on_exit(std::function<void(const ContainerStatus&)> handler) override { exit_handler_ = std::move(handler); }
  Task<Result<void>> recover() override;
  std::string host_address() const override { return network_->gateway(); }
  Task<Result<void>> shutdown(bool remove_everything) override;

 private:
  using ContainerPtr = std::shared_ptr<Container>;

  std::string cgroup_of(const SandboxConfig& sandbox) const { return cgroup_root_ + "/" + sandbox.cgroup; }
  SandboxStatus status_of(const SandboxConfig& sandbox) const;
  ContainerPtr find(const std::string& id) const;
  // kNotFound unless it runs.
  Result<ContainerPtr> find_running(const std::string& id) const;

  // container_steps.cc, in order
  // The PID namespace that the containers of the sandbox share; it is made if there is none, or was killed.
  Task<Result<std::string>> shared_processes(const SandboxConfig& sandbox);
  Task<Result<void>> prepare(const ContainerConfig& config, const ContainerRecord& record);
  Task<Result<void>> launch(const ContainerConfig& config);
  Task<void> note_running(ContainerPtr container);
  Task<ContainerStatus> note_not_started(ContainerPtr container, std::string message);
  Task<void> watch(ContainerPtr container);
  Task<void> note_exit(ContainerPtr container);
  Task<void> forget_in_runtime(ContainerPtr container);
  Task<Result<void>> kill_and_remove(std::string id);
  Task<bool> wait_ended(ContainerPtr container);
  Task<Result<void>> remove_cgroup(std::string group);
  // What all sandboxes together come to, set anew whenever one comes or goes.
  Task<Result<void>> publish_ports();
  Task<Result<void>> weigh_classes();

  // recovery.cc
  void recover_containers(std::vector<ContainerRecord> records);
  Task<void> restore_ports();
  Task<void> sweep();
  Task<void> sweep_cgroups();

  Loop& loop_;
  const RuntimeOptions options_;
  const std::string version_;
  const Paths paths_;
  const std::string cgroup_root_;  // "stint-<instance>"
  const int oom_score_adj_min_;
  os::CgroupTree cgroups_;
  OciProgram program_;
  std::unique_ptr<PodNetwork> network_;
  std::map<std::string, SandboxConfig> sandboxes_;
  std::map<std::string, ContainerPtr> containers_;
  std::function<void(const ContainerStatus&)> exit_handler_;
  Slots starts_;
  Slots weighing_;                // one at a time
  int64_t burstable_shares_ = 0;  // as set last
  Scope scope_;                   // last: destroyed first
};

}  // namespace stint::crun
