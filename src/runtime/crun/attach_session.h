// The streams of a container's own process, which conmon keeps: its socket `attach` gives packets of output, each led by its stream, and
// takes input; its fifo `ctl` takes terminal sizes, and the order to go on in a new log file. Source: conmon 2.1. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/pod_exec.h"
#include "base/loop.h"
#include "os/descriptor.h"

namespace stint::crun {

// Connections that no session has now. Where conmon ends the container's input with the first connection that goes, those of sessions
// that had no input must not go; what comes by them is dropped.
class IdleConnections {
 public:
  explicit IdleConnections(Loop& loop) : loop_(loop) {}
  void keep(os::Descriptor socket);
  os::Descriptor take();  // empty if there is none

 private:
  struct Idle {
    os::Descriptor socket;
    std::unique_ptr<Scope> draining;
  };
  Loop& loop_;
  std::vector<Idle> idle_;
};

struct AttachPlan {
  std::string bundle;  // the container's directory, where conmon has made both
  bool takes_input = false;
  std::shared_ptr<IdleConnections> idle;  // whom the connection is left to; null: it is closed with the session
};
// kNotFound if conmon is gone.
Task<Result<std::unique_ptr<ExecSession>>> start_attach(Loop& loop, AttachPlan plan);

// Blocking; kNotFound if conmon is gone.
Result<void> order_log_reopened(const std::string& bundle);

}  // namespace stint::crun
