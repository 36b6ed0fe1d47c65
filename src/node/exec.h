// Talking to the pods of this node, as the endpoints pods/exec, pods/attach and pods/portforward ask for it. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "api/pod_exec.h"
#include "api/pod_forward.h"
#include "client/client.h"
#include "runtime/runtime.h"

namespace stint {

class NodeExec : public ExecSource {
 public:
  NodeExec(Client& client, Runtime& runtime) : client_(client), runtime_(runtime) {}
  Task<Result<std::string>> find_running(std::string ns, std::string pod, std::string container) override;
  Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) override;
  Task<Result<std::unique_ptr<ExecSession>>> attach(std::string container_id, AttachOptions options) override;

 private:
  Client& client_;
  Runtime& runtime_;
};

class NodeForward : public ForwardSource {
 public:
  NodeForward(Client& client, Runtime& runtime) : client_(client), runtime_(runtime) {}
  Task<Result<std::string>> find_sandbox(std::string ns, std::string pod) override;
  Task<Result<std::unique_ptr<PodConnection>>> connect(std::string sandbox_id, int port) override;

 private:
  Client& client_;
  Runtime& runtime_;
};

}  // namespace stint
