// Logs, commands and ports of the pods of all nodes, as the server asks for them: those of other nodes by way of their kubelets, those of
// this machine's node by the node agent. Source: upstream's pkg/registry/core/pod/rest and pkg/kubelet/server. Loop thread only.
#pragma once

#include <memory>
#include <string>

#include "api/pod_exec.h"
#include "api/pod_forward.h"
#include "api/pod_log.h"
#include "kubelet/kubelet_client.h"

namespace stint {

// This machine's node; without a name there is none.
struct OwnNode {
  std::string name;
  LogSource* logs = nullptr;
  ExecSource* exec = nullptr;
  ForwardSource* forward = nullptr;
};

class PodLogs : public LogSource {
 public:
  // `client` reads pods.
  PodLogs(Client& client, KubeletClient& kubelets, OwnNode own) : client_(client), kubelets_(kubelets), own_(std::move(own)) {}
  Task<Result<std::unique_ptr<LogStream>>> open_log(std::string ns, std::string pod, LogOptions options) override;

 private:
  Client& client_;
  KubeletClient& kubelets_;
  const OwnNode own_;
};

class PodCommands : public ExecSource {
 public:
  PodCommands(Client& client, KubeletClient& kubelets, OwnNode own) : client_(client), kubelets_(kubelets), own_(std::move(own)) {}
  // Of another node: "node/namespace/pod/container", whatever runs there.
  Task<Result<std::string>> find_running(std::string ns, std::string pod, std::string container) override;
  Task<Result<std::unique_ptr<ExecSession>>> exec(std::string container_id, ExecOptions options) override;
  Task<Result<std::unique_ptr<ExecSession>>> attach(std::string container_id, AttachOptions options) override;

 private:
  Task<Result<std::unique_ptr<ExecSession>>> open(std::string node, std::string target);

  Client& client_;
  KubeletClient& kubelets_;
  const OwnNode own_;
};

class PodConnections : public ForwardSource {
 public:
  PodConnections(Client& client, KubeletClient& kubelets, OwnNode own) : client_(client), kubelets_(kubelets), own_(std::move(own)) {}
  // Of another node: "node/namespace/pod".
  Task<Result<std::string>> find_sandbox(std::string ns, std::string pod) override;
  Task<Result<std::unique_ptr<PodConnection>>> connect(std::string sandbox_id, int port) override;

 private:
  Client& client_;
  KubeletClient& kubelets_;
  const OwnNode own_;
};

// The path and query that ask a kubelet for it. Pure.
std::string log_target(const std::string& ns, const std::string& pod, const LogOptions& options);
std::string exec_target(const std::string& ns, const std::string& pod, const std::string& container, const ExecOptions& options);
std::string attach_target(const std::string& ns, const std::string& pod, const std::string& container, const AttachOptions& options,
                          bool tty);
std::string forward_target(const std::string& ns, const std::string& pod, int port);

}  // namespace stint
