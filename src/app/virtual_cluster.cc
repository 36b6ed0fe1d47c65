#include "app/virtual_cluster.h"

#include <stdlib.h>

#include <filesystem>

#include "app/local_client.h"
#include "os/mounts.h"
#include "store/memory/memory_store.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

// Where pods have their files: in memory where the system has such a place.
std::string make_directory() {
  std::error_code error;
  for (const fs::path& base : {fs::path("/dev/shm"), fs::temp_directory_path(error)}) {
    std::string pattern = (base / "stint-virtual-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) return pattern;
  }
  return "";
}

}  // namespace

VirtualCluster::VirtualCluster(VirtualClusterOptions options)
    : options_(std::move(options)),
      loop_(options_.start, options_.seed),
      store_(make_memory_store(loop_)),
      runtime_(options_.make_runtime(loop_)),
      images_(loop_),
      dir_(make_directory()) {
  runtime_->set_behaviour(options_.behaviour);
  boot();
  // The account that comes by itself mounts its token: this one is there first.
  static_cast<void>(make_account("default"));
  cluster_->start();
  loop_.run_ready();
}

VirtualCluster::~VirtualCluster() {
  admin_.reset();
  cluster_.reset();
  if (dir_.empty()) return;
  static_cast<void>(os::unmount_under(dir_));  // volumes of pods that still run
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

ClusterOptions VirtualCluster::cluster_options() const {
  NodeFacts facts{.machine_id = "virtual", .system_uuid = "virtual", .boot_id = "virtual", .kernel_version = "6.1", .os_image = "Linux"};
  facts.architecture = "amd64";
  facts.cpus = options_.cpus;
  facts.memory_bytes = facts.storage_bytes = options_.memory_bytes;
  NodeOptions node{.name = node_name_, .data_dir = dir_, .log_dir = dir_ + "/logs", .host_ip = "192.0.2.1"};
  node.pods_max = options_.pods_max;
  node.facts = facts;
  node.heartbeat = options_.heartbeat;
  node.samples_usage = false;
  ClusterOptions options{.node = std::move(node), .wrap_client = options_.wrap_client};
  // The node's signs of life are hours apart here.
  options.controllers = controllers_without({"node-lifecycle"}).value();
  return options;
}

void VirtualCluster::boot() {
  cluster_ = std::make_unique<Cluster>(loop_, store_, Machine{runtime_.get(), &images_}, cluster_options());
  admin_ = make_local_client(cluster_->server(), system_user("stint-admin"), "stint");
  loop_.run_ready();
}

void VirtualCluster::restart_all() {
  admin_.reset();
  cluster_.reset();
  boot();
  cluster_->start();
}

void VirtualCluster::lose_node() {
  cluster_->stop(Part::kNode);
  runtime_->reboot();
  static_cast<void>(await(admin_->remove(kind_of<corev1::Node>(), "", node_name_, {})));
  node_name_ = "node-" + std::to_string(++nodes_);
  cluster_->set_node_name(node_name_);
  cluster_->start(Part::kNode);
}

Result<void> VirtualCluster::make_namespace(const std::string& name) {
  corev1::Namespace wanted;
  wanted.mutable_metadata()->set_name(name);
  TRY_VOID(await(create(*admin_, std::move(wanted))));
  return make_account(name);
}

Result<void> VirtualCluster::make_account(const std::string& ns) {
  corev1::ServiceAccount account;
  account.mutable_metadata()->set_namespace_(ns);
  account.mutable_metadata()->set_name("default");
  account.set_automountserviceaccounttoken(false);
  auto made = await(create(*admin_, account));
  if (made || made.error().reason != Reason::kAlreadyExists) return made ? Result<void>() : fail(made.error());
  // Its controller was faster.
  TRY(const auto found, await(get<corev1::ServiceAccount>(*admin_, ns, "default")));
  corev1::ServiceAccount next = *found;
  next.set_automountserviceaccounttoken(false);
  TRY_VOID(await(update(*admin_, std::move(next))));
  return {};
}

}  // namespace stint
