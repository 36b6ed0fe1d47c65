// The seam between the server and the node agent for pods/exec and pods/attach: a command run beside the processes of a container, or the
// process that it was started with, and its streams. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/result.h"

namespace stint {

// The streams that are wanted; those that are not are thrown away, and standard input is then at its end.
struct ExecOptions {
  std::vector<std::string> command;
  bool in = false, out = false, err = false;
  bool tty = false;  // a terminal: standard error arrives with standard output
};

// The same of the process that the container was started with; whether it has a terminal was settled then. Standard input: only if the
// container was started with one; where it is for one session alone (stdinOnce), the end of the session ends it.
struct AttachOptions {
  bool in = false, out = false, err = false;
};

// One running command. Destroying it closes its streams; as upstream, what it began in the container may go on.
class ExecSession {
 public:
  enum class Stream { kOut, kErr };

  virtual ~ExecSession() = default;
  // What it wrote next; "" once it can write no more. One reader for each stream.
  virtual Task<std::string> read(Stream stream) = 0;
  // To its standard input; waits while the command does not read. False: nobody will ever read it. One writer.
  virtual Task<bool> write(std::string bytes) = 0;
  virtual void end_input() = 0;
  virtual void resize(int columns, int rows) = 0;  // of its terminal; nothing without one
  // Its exit code, 128 + the signal if killed by one; 0 of what was attached to. Once, after the streams have been read to their end.
  virtual Task<Result<int>> wait() = 0;
  // False: it could not be executed at all. Known after wait(); true where that cannot be told.
  virtual bool began() const { return true; }
  // Kills the command itself, which the session's end would leave running. Nothing where that cannot be done.
  virtual void kill() {}
};

// The node seen by the server: what `pods/exec` and `pods/attach` need.
class ExecSource {
 public:
  virtual ~ExecSource() = default;
  // The id of that container, or of the pod's only one. kBadRequest if the pod has not got it; kNotFound if it does not run.
  virtual Task<Result<std::string>> find_running(std::string ns, std::string pod, std::string container) = 0;
  // kNotFound if it has ended meanwhile.
  virtual Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) = 0;
  // From now on: what was written before is in the log. kNotFound if it has ended meanwhile.
  virtual Task<Result<std::unique_ptr<ExecSession>>> attach(std::string container_id, AttachOptions options) = 0;
};

}  // namespace stint
