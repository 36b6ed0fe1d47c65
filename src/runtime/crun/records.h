// Where the driver keeps what it must know after a restart: small JSON files in a directory below /run, which a reboot empties just as it
// ends the containers. A record is written before what it tells of can be lost. Blocking; any thread.
//
//   RUN/boot                      the boot of the machine that all of it belongs to
//   RUN/sandboxes/ID.json         SandboxConfig
//   RUN/containers/ID/            the OCI bundle: config.json, record.json, pid files
//   RUN/exits/ID                  conmon: the exit code, written when the container has ended
//   RUN/oci/                      state of the OCI runtime
//   DATA/ID/{upper,work,root}     the container's own layer of files and where it is mounted
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/pidfd.h"
#include "runtime/runtime.h"

namespace stint::crun {

class Paths {
 public:
  Paths(std::string run_dir, std::string data_dir) : run_(std::move(run_dir)), data_(std::move(data_dir)) {}
  const std::string& run() const { return run_; }
  const std::string& data() const { return data_; }
  std::string boot() const { return run_ + "/boot"; }
  std::string sandboxes() const { return run_ + "/sandboxes"; }
  std::string sandbox(const std::string& id) const { return sandboxes() + "/" + id + ".json"; }
  std::string containers() const { return run_ + "/containers"; }
  std::string bundle(const std::string& id) const { return containers() + "/" + id; }
  std::string config(const std::string& id) const { return bundle(id) + "/config.json"; }
  std::string record(const std::string& id) const { return bundle(id) + "/record.json"; }
  std::string pid_file(const std::string& id) const { return bundle(id) + "/pid"; }
  std::string conmon_pid_file(const std::string& id) const { return bundle(id) + "/conmon.pid"; }
  std::string exits() const { return run_ + "/exits"; }
  std::string exit_file(const std::string& id) const { return exits() + "/" + id; }
  std::string oci() const { return run_ + "/oci"; }
  std::string sockets() const { return run_ + "/sockets"; }
  std::string files(const std::string& id) const { return data_ + "/" + id; }

 private:
  std::string run_, data_;
};

// A process by what never names another one.
struct ProcessRef {
  pid_t pid = 0;  // 0: none
  uint64_t start_ticks = 0;
};
// kNotFound if that process is gone.
Result<os::Descriptor> open_process(const ProcessRef& process);
Result<ProcessRef> process_of_pid_file(const std::string& path);

struct ContainerRecord {
  ContainerStatus status;
  std::string cgroup;  // relative to the tree
  std::string log_path;
  bool takes_input = false;  // it was started with a standard input
  bool input_once = false;   // which conmon ends with the first connection to its streams that goes
  ProcessRef conmon, init;
};

Result<void> write_sandbox(const Paths& paths, const SandboxConfig& config);
Result<SandboxConfig> read_sandbox(const Paths& paths, const std::string& id);
Result<void> write_container(const Paths& paths, const ContainerRecord& record);
Result<ContainerRecord> read_container(const Paths& paths, const std::string& id);

// Makes the directories. What another boot left in them is removed first.
Result<void> prepare_directories(const Paths& paths);

}  // namespace stint::crun
