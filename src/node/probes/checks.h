// One check of a container, or one hook: a command in it, or a question over its network. Knows no thresholds and tells nobody. Sources:
// upstream's pkg/probe, pkg/kubelet/prober and pkg/kubelet/lifecycle. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "node/probes/fetcher.h"
#include "runtime/runtime.h"

namespace stint {

// One attempt of a container, as checks reach it.
struct CheckedContainer {
  std::shared_ptr<const corev1::Pod> pod;
  corev1::Container spec;
  std::string id;
  std::string field_path;  // of its events
  std::string address;     // of the pod, or of the machine whose network it shares
  WallTime started_at;
};
using CheckedContainerPtr = std::shared_ptr<const CheckedContainer>;

struct CheckResult {
  enum class Kind {
    kSuccess,
    kWarning,  // a success, with something to tell
    kFailure,
    kError,  // it could not be made, so it says nothing about the container
  };
  Kind kind = Kind::kSuccess;
  std::string text;
};

class Checks {
 public:
  static constexpr size_t kOutputBytesMax = 10 * 1024;
  static constexpr int kRedirectsMax = 10;

  Checks(Loop& loop, Runtime& runtime) : loop_(loop), runtime_(runtime), fetcher_(loop) {}

  Task<CheckResult> probe(CheckedContainerPtr container, corev1::Probe probe);
  struct HookResult {
    bool done = false;
    std::string text;    // why not, for the container's status
    std::string remark;  // of a hook that was done otherwise than asked, for an event; "" none
  };
  // Takes as long as it takes; who does not want to wait destroys it.
  Task<HookResult> hook(CheckedContainerPtr container, corev1::LifecycleHandler handler);

 private:
  struct CommandEnd {
    bool timed_out = false;
    bool began = true;  // it could be executed
    int exit_code = 0;
    std::string output;
  };
  // `limit` 0: none.
  Task<Result<CommandEnd>> run_command(std::string id, std::vector<std::string> command, Duration limit);
  Task<CheckResult> check_command(CheckedContainerPtr container, corev1::ExecAction action, Duration limit);
  Task<CheckResult> check_http(CheckedContainerPtr container, corev1::HTTPGetAction action, Duration limit);
  Task<CheckResult> check_tcp(CheckedContainerPtr container, corev1::TCPSocketAction action, Duration limit);
  Task<CheckResult> check_grpc(CheckedContainerPtr container, corev1::GRPCAction action, Duration limit);
  Task<FetchAnswer> follow(FetchRequest request);
  // Containers that are only played have no network: whatever asks them is answered well.
  bool is_played() const { return !runtime_.has_network(); }

  Loop& loop_;
  Runtime& runtime_;
  Fetcher fetcher_;
};

}  // namespace stint
