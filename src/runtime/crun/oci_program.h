// The OCI runtime (crun or runc) and conmon as programs: how they are called and what they answer. conmon creates the container, keeps its
// streams and its exit code, and outlives us. Loop thread only, but version().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/pod_exec.h"
#include "os/spawn.h"
#include "runtime/crun/records.h"

namespace stint::crun {

struct Launch {
  std::string id;
  std::string log_path;
  bool tty = false;
  bool stdin_open = false;
  bool stdin_once = false;
  os::OverlayMount root;
};

class OciProgram {
 public:
  // kNotFound if a program is not installed. `hybrid_mount`: a cgroup v2 mount that the runtime must not see, "" if none.
  static Result<OciProgram> find(const std::string& name, Paths paths, std::string hybrid_mount);

  Result<std::string> version() const;  // "1.8.1"; blocking

  // Creates the container of the bundle; it waits for start(). The root file system is mounted where only conmon and the container see it,
  // so that it goes with them. An error is what the runtime said.
  Task<Result<void>> create(Loop& loop, Launch launch) const;
  Task<Result<void>> start(Loop& loop, std::string id) const;
  // Runs a command in the running container.
  Task<Result<std::unique_ptr<ExecSession>>> exec(Loop& loop, std::string id, ExecOptions options) const;
  // Kills what still runs; fine if it is not there.
  Task<Result<void>> remove(Loop& loop, std::string id) const;

 private:
  OciProgram(std::string runtime, std::string conmon, Paths paths, std::string hybrid_mount)
      : runtime_(std::move(runtime)), conmon_(std::move(conmon)), paths_(std::move(paths)), hybrid_mount_(std::move(hybrid_mount)) {}
  os::Command command(std::vector<std::string> args) const;
  os::Command conmon_command(const Launch& launch, int sync_fd) const;
  Task<Result<void>> run_runtime(Loop& loop, std::vector<std::string> args) const;

  std::string runtime_, conmon_;  // absolute paths
  Paths paths_;
  std::string hybrid_mount_;
};

}  // namespace stint::crun
