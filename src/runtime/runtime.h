// The container runtime seen from the node agent: sandboxes (a pod's shared namespaces and cgroup) and containers in them. Drivers: crun/
// (crun or runc under conmon), fake/. A driver is a folder and one line in runtime/runtimes.cc; one contract suite runs over
// all. Every call is idempotent: repeated after a crash at any point it ends in the same state. Containers outlive this
// process; after a restart list() tells what is there. Loop thread only; blocking work goes to the pool inside.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/pod_exec.h"
#include "api/pod_forward.h"
#include "base/loop.h"
#include "base/result.h"
#include "os/usage.h"

namespace stint {

struct CgroupLimits {        // 0: not set
  int64_t cpu_shares = 0;    // v1 shares, 2…262144; v2 weight follows from them
  int64_t cpu_quota_us = 0;  // per 100 ms period
  int64_t memory_bytes_max = 0;
  int64_t pids_max = 0;
};

// A port of this machine that leads to one of the pod.
struct HostPort {
  std::string host_ip;  // "" or "0.0.0.0": every address
  int host_port = 0, container_port = 0;
  std::string protocol;  // "TCP", "UDP", "SCTP"
};

struct SandboxConfig {
  std::string id;  // the pod's uid: names directories, cgroup and network namespace
  std::string pod_namespace, pod_name;
  std::string hostname;  // "" with host_network
  bool host_network = false, host_pid = false, host_ipc = false;
  bool shares_processes = false;     // its containers see each other's processes; not with host_pid
  bool privileged = false;           // one of its containers is
  bool own_users = false;            // a user namespace; a driver without them refuses
  std::vector<HostPort> host_ports;  // none with host_network
  std::string cgroup;                // relative to the driver's root: "burstable/pod<uid>"
  CgroupLimits limits;
  std::map<std::string, std::string> sysctls;
};
struct SandboxStatus {
  std::string id;
  std::string ip;  // "" with host network
  bool ready = false;
};

// Whether mounts made later below one of the two sides show on the other.
enum class MountPropagation { kPrivate, kSlave, kShared };

struct Mount {
  std::string source;       // host path
  std::string destination;  // in the container
  bool read_only = false;
  bool recursive_read_only = false;                           // what is mounted below it, too; with read_only alone
  MountPropagation propagation = MountPropagation::kPrivate;  // kSlave: the host's show in the container; kShared: both ways
};

// Which system calls a container may make.
struct SeccompChoice {
  enum class Kind { kRuntimeDefault, kUnconfined, kLocalhost } kind = Kind::kRuntimeDefault;
  std::string path;  // of kLocalhost: a profile in OCI form
};

struct ContainerConfig {
  std::string id;  // "<pod uid>_<container>_<attempt>": unique, chosen by the node agent
  std::string sandbox_id;
  std::string name;
  int attempt = 0;
  std::string image_id;           // as ImageStore::pull returned it
  std::vector<std::string> args;  // entry point and arguments, complete
  std::vector<std::string> env;   // "A=b"
  std::string working_dir;        // "" = "/"
  std::string user;               // "", "uid[:gid]" or a name of the image's passwd file
  std::vector<int64_t> supplemental_groups;
  bool image_groups = true;  // also those that the image's group file gives the user
  std::vector<Mount> mounts;
  std::string log_path;  // CRI format, appended
  CgroupLimits limits;
  bool privileged = false;
  bool read_only_root = false;
  bool no_new_privileges = false;
  bool unmasked_proc = false;
  SeccompChoice seccomp;                                         // of containers that are not privileged
  std::vector<std::string> add_capabilities, drop_capabilities;  // without CAP_
  bool tty = false;
  bool stdin_open = false;
  bool stdin_once = false;  // standard input ends with the first session that had it
  int oom_score_adj = 0;
  std::string process_namespace_of;  // a running container of the sandbox whose processes it sees and joins; "": it has its own
};

enum class ContainerState { kCreated, kRunning, kExited, kUnknown };
struct ContainerStatus {
  std::string id;
  std::string sandbox_id;
  std::string name;
  int attempt = 0;
  ContainerState state = ContainerState::kUnknown;
  int exit_code = 0;
  bool oom_killed = false;
  // "Completed", "Error", "OOMKilled", "StartError" or "ContainerStatusUnknown", filled when exited.
  std::string reason;
  std::string message;
  WallTime started_at, finished_at;
};

using ContainerUsage = os::Usage;  // since it started; the working set; a driver that knows no more leaves the rest at 0

class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual std::string name() const = 0;     // "crun"
  virtual std::string version() const = 0;  // "1.8.1"

  virtual Task<Result<SandboxStatus>> create_sandbox(SandboxConfig config) = 0;
  // Stops and removes every container in it, then the network, the namespaces, the cgroup. Fine if it is not there.
  virtual Task<Result<void>> remove_sandbox(std::string sandbox_id) = 0;

  // Creates and starts. A command that cannot be executed is not an error: the container is kExited with "StartError", 128.
  virtual Task<Result<ContainerStatus>> start_container(ContainerConfig config) = 0;
  virtual Task<Result<void>> signal_container(std::string container_id, int signal) = 0;  // fine if it has ended
  virtual Task<Result<void>> remove_container(std::string container_id) = 0;              // its root file system goes; the log stays
  virtual std::optional<ContainerStatus> status(const std::string& container_id) const = 0;

  // The directory of the files that it wrote beside its volumes; "" where that is not to be known.
  virtual std::string writable_layer(const std::string& container_id) const {
    static_cast<void>(container_id);
    return "";
  }

  // What it has used; kNotFound unless it runs.
  virtual Task<Result<ContainerUsage>> usage(std::string container_id) = 0;

  // Runs a command in a running container, as its user, with its environment and limits; kNotFound unless it runs. A command that cannot be
  // executed is no error: it ends at once, with the runtime's words on its standard error.
  virtual Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) = 0;

  // The streams of the container's own process; kNotFound unless it runs. Several sessions see the same output, and their inputs are mixed.
  virtual Task<Result<std::unique_ptr<ExecSession>>> attach(std::string container_id, AttachOptions options) = 0;
  // The log file was moved away: it goes on in a new one in its place, which is there when this returns. kNotFound unless it runs.
  virtual Task<Result<void>> reopen_log(std::string container_id) = 0;

  // To a port of the sandbox's own loopback address; kNotFound if there is no such sandbox.
  virtual Task<Result<std::unique_ptr<PodConnection>>> connect(std::string sandbox_id, int port) = 0;

  virtual std::vector<SandboxStatus> list_sandboxes() const = 0;
  virtual std::vector<ContainerStatus> list_containers() const = 0;

  // Called on the loop once for each container that ended, also for those that ended while this process was away (after recover()).
  virtual void on_exit(std::function<void(const ContainerStatus&)> handler) = 0;
  // Finds what an earlier life left: sandboxes and containers, running or ended meanwhile. Comes before every other call. An error means
  // that nothing was taken over yet, so it may be tried again.
  virtual Task<Result<void>> recover() = 0;

  // False: containers are only played, so that a pod without volumes needs no files.
  virtual bool uses_files() const { return true; }

  // False: nothing answers at a pod's address, so nobody is to ask there.
  virtual bool has_network() const { return true; }

  // Where containers reach this machine (`host.stint.internal`); "" if they have no network of their own.
  virtual std::string host_address() const { return ""; }
  // Containers outlive this process unless everything is to be removed: then nothing of the driver's is left on the machine.
  virtual Task<Result<void>> shutdown(bool remove_everything) {
    static_cast<void>(remove_everything);
    co_return Result<void>();
  }
};

struct RuntimeOptions {
  std::string data_dir;  // persistent: images, container roots
  std::string run_dir;   // lost at reboot: runtime state
  std::string program;   // "crun", "runc"
  std::string endpoint;  // of a runtime that is a service: "unix:///run/containerd/containerd.sock"
  // The unpacked layers of an image, lowest first; kNotFound if it is not on disk. Left out by drivers without images.
  std::function<Result<std::vector<std::string>>(const std::string& image_id)> image_layers;
};

}  // namespace stint
