#include "app/cluster.h"

#include "app/credentials.h"
#include "app/local_client.h"

namespace stint {
namespace {

constexpr char kNodeUser[] = "system:node:";

}  // namespace

User system_user(std::string name) { return {.name = std::move(name), .groups = {kAdminGroup, "system:authenticated"}}; }

Cluster::Cluster(Loop& loop, Store& store, Machine machine, ClusterOptions options)
    : loop_(loop), machine_(machine), options_(std::move(options)) {
  server_ = make_server(loop, store, std::move(options_.server));
  make_node();
}

Cluster::~Cluster() = default;

std::unique_ptr<Client> Cluster::client_for(Part part) const {
  std::unique_ptr<Client> client;
  switch (part) {
    case Part::kControllers:
      client = make_local_client(*server_, system_user("system:stint"), "kube-controller-manager");
      break;
    case Part::kScheduler:
      client = make_local_client(*server_, system_user("system:kube-scheduler"), "kube-scheduler");
      break;
    case Part::kNode:
      client = make_local_client(*server_, system_user(kNodeUser + options_.node.name), "kubelet");
      break;
  }
  return options_.wrap_client ? options_.wrap_client(part, std::move(client)) : std::move(client);
}

std::unique_ptr<Client> Cluster::own_client(std::string name) const { return make_local_client(*server_, system_user(name), name); }

void Cluster::make_node() {
  if (machine_.runtime == nullptr) return;
  node_client_ = client_for(Part::kNode);
  NodeOptions node = options_.node;
  if (node.metrics == nullptr) node.metrics = options_.metrics;
  node_ = std::make_unique<NodeAgent>(loop_, *node_client_, *machine_.runtime, *machine_.images, std::move(node));
  server_->set_usage_source(&node_->usage());
}

void Cluster::make_controllers() {
  controller_client_ = client_for(Part::kControllers);
  ControllerOptions options{.root_ca_pem = options_.root_ca_pem, .metrics = options_.metrics};
  options.sign_token = [this](const corev1::ServiceAccount& account, const std::string& secret) {
    return server_->account_tokens().issue_for_secret(account, secret);
  };
  controllers_ = std::make_unique<ControllerSet>(loop_, *controller_client_, std::move(options), options_.controllers);
}

void Cluster::start() {
  for (const Part part : kParts) start(part);
}

void Cluster::start(Part part) {
  switch (part) {
    case Part::kControllers:
      stop(part);
      make_controllers();
      controllers_->start();
      return;
    case Part::kScheduler:
      if (!options_.has_scheduler) return;
      stop(part);
      scheduler_client_ = client_for(Part::kScheduler);
      scheduler_ = std::make_unique<Scheduler>(loop_, *scheduler_client_);
      scheduler_->start();
      return;
    case Part::kNode:
      if (node_started_) stop(part);
      if (!node_) make_node();
      if (!node_) return;
      node_->start();
      node_started_ = true;
      return;
  }
}

void Cluster::stop(Part part) {
  switch (part) {
    case Part::kControllers:
      controllers_.reset();
      controller_client_.reset();
      return;
    case Part::kScheduler:
      scheduler_.reset();
      scheduler_client_.reset();
      return;
    case Part::kNode:
      server_->set_usage_source(nullptr);
      node_.reset();
      node_client_.reset();
      node_started_ = false;
      return;
  }
}

}  // namespace stint
