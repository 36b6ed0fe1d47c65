// Commands in the containers of this node's pods, as the pods/exec endpoint asks for them. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "api/pod_exec.h"
#include "client/client.h"
#include "runtime/runtime.h"

namespace stint {

class NodeExec : public ExecSource {
 public:
  NodeExec(Client& client, Runtime& runtime) : client_(client), runtime_(runtime) {}
  Task<Result<std::string>> find_running(std::string ns, std::string pod, std::string container) override;
  Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) override;

 private:
  Client& client_;
  Runtime& runtime_;
};

}  // namespace stint
