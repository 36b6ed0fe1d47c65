// The pages of all nodes: this machine's by its node agent, those of others by way of their kubelets. Loop thread only.
#pragma once

#include <string>

#include "api/node_page.h"
#include "kubelet/kubelet_client.h"

namespace stint {

class NodePages : public NodePageSource {
 public:
  // `own`: of the node of that name; null: there is none here. `client` reads nodes.
  NodePages(Client& client, KubeletClient& kubelets, std::string own_name, NodePageSource* own)
      : client_(client), kubelets_(kubelets), own_name_(std::move(own_name)), own_(own) {}
  Task<Result<NodePage>> page(std::string node, std::string target) override;

 private:
  Client& client_;
  KubeletClient& kubelets_;
  const std::string own_name_;
  NodePageSource* own_;
};

}  // namespace stint
