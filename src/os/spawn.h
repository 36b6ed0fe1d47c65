// Starting programs: argument vectors, never a shell; only the descriptors named are inherited; on request in a mount namespace of its own,
// with mounts made and undone there before the program starts. run() belongs to the loop thread, the rest to any thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "os/descriptor.h"
#include "os/mounts.h"

namespace stint::os {

inline constexpr size_t kOutputBytesMax = 64 * 1024;  // kept of each stream; the rest is read and dropped

// What the program sees differently from us. Nothing of it spreads to other namespaces, and all of it ends with the last process inside.
struct PrivateMounts {
  std::vector<std::string> unmount;  // fine if not mounted
  std::optional<OverlayMount> overlay;
};

struct Command {
  std::vector<std::string> args;  // args[0]: the program's absolute path
  std::vector<std::string> env;   // "A=b"; complete
  std::string working_dir;        // "" = ours
  std::vector<int> inherit;       // descriptors that keep their number
  int input = -1;                 // standard input; -1: /dev/null
  int terminal = -1;              // all three streams, and the terminal of the session that the program then leads; -1: none
  std::optional<PrivateMounts> private_mounts;
};

// A child process. Destroying it before wait() kills it.
class Child {
 public:
  Child(pid_t pid, Descriptor pidfd, Descriptor out, Descriptor err)
      : pid_(pid), pidfd_(std::move(pidfd)), out_(std::move(out)), err_(std::move(err)) {}
  Child(Child&&) = default;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  int out() const { return out_.get(); }  // -1 with a terminal
  int err() const { return err_.get(); }
  // Blocks until it has ended: await exited(loop, pidfd()) first. The exit code, or 128 + the signal.
  Result<int> wait();

 private:
  pid_t pid_;
  Descriptor pidfd_, out_, err_;
};

// Blocks until the program was executed or could not be.
Result<Child> spawn(const Command& command);

struct ProcessResult {
  int exit_code = 0;  // 128 + the signal if killed by one
  std::string out, err;
};
// Spawns and waits; past `limit` the program is killed and the error is kTimeout. A failing exit code is not an error here.
Task<Result<ProcessResult>> run(Loop& loop, Command command, Duration limit);

// Absolute path of a program in PATH or the usual system directories; kNotFound.
Result<std::string> find_program(const std::string& name);

}  // namespace stint::os
