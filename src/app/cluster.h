// The parts behind the front door, wired to each other through the Client seam alone: server, controllers, scheduler and node agent. The
// one wiring of the machine that serves (serve.cc) and of the one in virtual time (virtual_cluster.h). Each part but the server can end
// and begin again by itself, as a process would. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "control/controllers.h"
#include "image/image_store.h"
#include "node/node_agent.h"
#include "runtime/runtime.h"
#include "sched/scheduler.h"
#include "server/server.h"
#include "store/store.h"

namespace stint {

enum class Part { kControllers, kScheduler, kNode };
inline constexpr Part kParts[] = {Part::kControllers, Part::kScheduler, Part::kNode};

struct ClusterOptions {
  ServerOptions server;
  NodeOptions node;
  std::vector<ControllerRow> controllers{stint::controllers().begin(), stint::controllers().end()};
  std::string root_ca_pem;
  bool has_scheduler = true;
  Metrics* metrics = nullptr;  // where the controllers count, and what outlives the cluster; null: for themselves
  // What a part gets in the place of its client; tests put faults there. Null: the client.
  std::function<std::unique_ptr<Client>(Part, std::unique_ptr<Client>)> wrap_client;
};

// What a node agent runs pods with.
struct Machine {
  Runtime* runtime = nullptr;
  ImageStore* images = nullptr;
};

// Our own parts are not asked what they may do.
User system_user(std::string name);

class Cluster {
 public:
  // The server and the node agent are there from the start, as others are wired to them; nothing runs yet but the server.
  // `machine` with nothing in it: no node agent. REQUIRES: store, runtime and images outlive it.
  Cluster(Loop& loop, Store& store, Machine machine, ClusterOptions options);
  ~Cluster();

  void start();
  void start(Part part);  // anew, if it runs
  void stop(Part part);   // all that it had in memory is gone
  // The name of the machine that the node agent speaks for from its next start on.
  void set_node_name(std::string name) { options_.node.name = std::move(name); }

  Server& server() { return *server_; }
  bool has_node() const { return node_ != nullptr; }
  NodeAgent& node() { return *node_; }  // REQUIRES: has_node()
  // A client of its own with the rights of the server itself.
  std::unique_ptr<Client> own_client(std::string name) const;

 private:
  std::unique_ptr<Client> client_for(Part part) const;
  void make_node();
  void make_controllers();

  Loop& loop_;
  const Machine machine_;
  ClusterOptions options_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> controller_client_, scheduler_client_, node_client_;
  std::unique_ptr<NodeAgent> node_;
  std::unique_ptr<ControllerSet> controllers_;
  std::unique_ptr<Scheduler> scheduler_;
  bool node_started_ = false;
};

}  // namespace stint
