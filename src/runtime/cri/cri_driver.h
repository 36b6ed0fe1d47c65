// The cri driver's state and steps, by file: cri_driver.cc (sandboxes, containers, and from one life to the next), cri_streams.cc (talking
// to what runs). What the runtime knows is mirrored here, under our ids; that a container ended is found out by asking, as CRI v1 of
// containerd 1.6 tells of nothing by itself. Loop thread only.
#pragma once

#include <map>
#include <memory>

#include "os/cgroup.h"
#include "runtime/cri/cri_config.h"
#include "runtime/cri/cri_service.h"
#include "runtime/runtime.h"

namespace stint::cri {

class CriDriver : public Runtime {
 public:
  CriDriver(Loop& loop, std::shared_ptr<Service> service, os::CgroupTree cgroups, std::string instance);

  std::string name() const override { return name_; }
  std::string version() const override { return version_; }
  Task<Result<SandboxStatus>> create_sandbox(SandboxConfig config) override;
  Task<Result<void>> remove_sandbox(std::string sandbox_id) override;
  Task<Result<ContainerStatus>> start_container(ContainerConfig config) override;
  Task<Result<void>> signal_container(std::string container_id, int signal) override;
  Task<Result<void>> remove_container(std::string container_id) override;
  std::optional<ContainerStatus> status(const std::string& container_id) const override;
  Task<Result<ContainerUsage>> usage(std::string container_id) override;
  Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) override;
  Task<Result<std::unique_ptr<ExecSession>>> attach(std::string container_id, AttachOptions options) override;
  Task<Result<void>> reopen_log(std::string container_id) override;
  Task<Result<std::unique_ptr<PodConnection>>> connect(std::string sandbox_id, int port) override;
  std::vector<SandboxStatus> list_sandboxes() const override;
  std::vector<ContainerStatus> list_containers() const override;
  void on_exit(std::function<void(const ContainerStatus&)> handler) override { exit_handler_ = std::move(handler); }
  Task<Result<void>> recover() override;
  Task<Result<void>> shutdown(bool remove_everything) override;

 private:
  struct Sandbox {
    std::string cri_id;
    v1::PodSandboxConfig config;
    SandboxStatus status;
  };
  struct Container {
    std::string cri_id;
    ContainerStatus status;
    bool takes_input = false, terminal = false;
  };
  using ContainerPtr = std::shared_ptr<Container>;

  std::string cgroup_of(const v1::PodSandboxConfig& config) const { return config.linux().cgroup_parent().substr(1); }
  ContainerPtr find(const std::string& id) const;
  // kNotFound unless it runs.
  Result<ContainerPtr> find_running(const std::string& id) const;

  Task<Result<Sandbox>> look_at_sandbox(std::string cri_id, v1::PodSandboxConfig config);
  Task<Result<void>> remove_in_runtime(std::string cri_id);
  Task<Result<void>> remove_cgroup(std::string group);
  Task<Result<ContainerStatus>> note_not_started(ContainerPtr container, Error why);

  // Asks after one container, and tells of its end.
  Task<Result<void>> refresh(ContainerPtr container);
  Task<void> watch();
  Task<void> look_for_ends();
  Task<Result<void>> stop(ContainerPtr container, std::chrono::seconds grace);
  Task<void> ask_to_stop(ContainerPtr container);

  Task<Result<void>> recover_sandboxes();
  Task<Result<void>> recover_containers();

  Loop& loop_;
  std::shared_ptr<Service> service_;
  os::CgroupTree cgroups_;
  const std::string instance_, cgroup_root_;
  std::string name_ = "cri", version_;
  std::map<std::string, Sandbox> sandboxes_;
  std::map<std::string, ContainerPtr> containers_;
  std::function<void(const ContainerStatus&)> exit_handler_;
  Event runs_;   // set while a container runs
  Scope scope_;  // last: destroyed first
};

// cri_exec.cc
Task<Result<std::unique_ptr<ExecSession>>> open_exec(std::shared_ptr<Service> service, std::string cri_id, ExecOptions options);
Task<Result<std::unique_ptr<ExecSession>>> open_attach(std::shared_ptr<Service> service, std::string cri_id, bool in, bool tty);

}  // namespace stint::cri
