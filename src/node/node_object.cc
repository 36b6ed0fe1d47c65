#include "node/node_object.h"

#include <google/protobuf/util/message_differencer.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <fstream>

#include "api/object.h"
#include "os/machine.h"

namespace stint {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// PRETTY_NAME of os-release, without quotes.
std::string os_image() {
  constexpr std::string_view kKey = "PRETTY_NAME=";
  std::ifstream in("/etc/os-release");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(kKey)) continue;
    line.erase(0, kKey.size());
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    return line;
  }
  return "Linux";
}

std::string go_architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

void set_quantity(google::protobuf::Map<std::string, resource::Quantity>& list, const std::string& name, std::string text) {
  list[name].set_string(std::move(text));
}

void set_amounts(const ResourceAmounts& amounts, google::protobuf::Map<std::string, resource::Quantity>& list) {
  const int64_t cpu = amounts.at("cpu");
  set_quantity(list, "cpu", cpu % 1000 == 0 ? std::to_string(cpu / 1000) : std::to_string(cpu) + "m");
  const auto kibibytes = [](int64_t bytes) { return bytes < 1024 ? "0" : std::to_string(bytes / 1024) + "Ki"; };
  set_quantity(list, "memory", kibibytes(amounts.at("memory")));
  set_quantity(list, "pods", std::to_string(amounts.at("pods")));
  set_quantity(list, "ephemeral-storage", kibibytes(amounts.at("ephemeral-storage")));
}

void add_condition(std::string_view type, bool value, std::string_view reason, std::string_view message, const corev1::NodeStatus& old,
                   WallTime now, corev1::NodeStatus& status) {
  auto& condition = *status.add_conditions();
  condition.set_type(std::string(type));
  condition.set_status(value ? "True" : "False");
  condition.set_reason(std::string(reason));
  condition.set_message(std::string(message));
  *condition.mutable_lastheartbeattime() = to_time(now);
  *condition.mutable_lasttransitiontime() = to_time(now);
  for (const auto& before : old.conditions()) {
    if (before.type() == type && before.status() == condition.status())
      *condition.mutable_lasttransitiontime() = before.lasttransitiontime();
  }
}

void add_conditions(const NodeDescription& node, const corev1::NodeStatus& old, WallTime now, corev1::NodeStatus& status) {
  const auto [memory, disk, pids] = node.pressure;
  add_condition("MemoryPressure", memory, memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
                memory ? "kubelet has insufficient memory available" : "kubelet has sufficient memory available", old, now, status);
  add_condition("DiskPressure", disk, disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
                disk ? "kubelet has disk pressure" : "kubelet has no disk pressure", old, now, status);
  add_condition("PIDPressure", pids, pids ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
                pids ? "kubelet has insufficient PID available" : "kubelet has sufficient PID available", old, now, status);
  if (node.shutting_down)
    add_condition("Ready", false, "KubeletNotReady", "node is shutting down", old, now, status);
  else
    add_condition("Ready", true, "KubeletReady", "kubelet is posting ready status", old, now, status);
}

}  // namespace

NodeFacts read_node_facts(const std::string& data_dir) {
  NodeFacts facts;
  facts.machine_id = first_line("/etc/machine-id");
  facts.system_uuid = first_line("/sys/class/dmi/id/product_uuid");
  if (facts.system_uuid.empty()) facts.system_uuid = facts.machine_id;
  facts.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  facts.os_image = os_image();
  utsname name{};
  if (uname(&name) == 0) {
    facts.kernel_version = name.release;
    facts.architecture = go_architecture(name.machine);
  }
  facts.cpus = os::machine_processors();
  facts.memory_bytes = os::machine_memory_bytes();
  struct statvfs storage{};
  if (statvfs(data_dir.c_str(), &storage) == 0)
    facts.storage_bytes = static_cast<int64_t>(storage.f_blocks) * static_cast<int64_t>(storage.f_frsize);
  return facts;
}

ResourceAmounts node_capacity(const NodeDescription& node) {
  return {{"cpu", node.facts.cpus * 1000},
          {"memory", node.facts.memory_bytes},
          {"pods", node.pods_max},
          {"ephemeral-storage", node.facts.storage_bytes}};
}

ResourceAmounts node_allocatable(const NodeDescription& node) {
  ResourceAmounts amounts = node_capacity(node);
  for (const auto& [name, reserved] : node.reserved) {
    if (auto found = amounts.find(name); found != amounts.end()) found->second = std::max<int64_t>(0, found->second - reserved);
  }
  return amounts;
}

void set_node_labels(const NodeDescription& node, metav1::ObjectMeta& metadata) {
  auto& labels = *metadata.mutable_labels();
  for (const char* prefix : {"kubernetes.io/", "beta.kubernetes.io/"}) {
    labels[std::string(prefix) + "os"] = "linux";
    labels[std::string(prefix) + "arch"] = node.facts.architecture;
  }
  labels["kubernetes.io/hostname"] = node.name;
}

corev1::NodeStatus node_status(const NodeDescription& node, const corev1::NodeStatus& old, WallTime now) {
  corev1::NodeStatus status = old;
  set_amounts(node_capacity(node), *status.mutable_capacity());
  set_amounts(node_allocatable(node), *status.mutable_allocatable());
  status.clear_conditions();
  add_conditions(node, old, now, status);
  status.clear_addresses();
  for (const auto& [type, address] : {std::pair{"InternalIP", node.host_ip}, std::pair{"Hostname", node.name}}) {
    auto& entry = *status.add_addresses();
    entry.set_type(type);
    entry.set_address(address);
  }
  auto& info = *status.mutable_nodeinfo();
  info.set_machineid(node.facts.machine_id);
  info.set_systemuuid(node.facts.system_uuid);
  info.set_bootid(node.facts.boot_id);
  info.set_kernelversion(node.facts.kernel_version);
  info.set_osimage(node.facts.os_image);
  info.set_containerruntimeversion(node.runtime_version);
  info.set_kubeletversion("v1.37.2");  // the behaviour this agent follows; kubectl shows it
  info.set_kubeproxyversion("");
  info.set_operatingsystem("linux");
  info.set_architecture(node.facts.architecture);
  return status;
}

bool same_node_status(const corev1::NodeStatus& a, const corev1::NodeStatus& b) {
  corev1::NodeStatus left = a, right = b;
  for (auto* status : {&left, &right})
    for (auto& condition : *status->mutable_conditions()) condition.clear_lastheartbeattime();
  return google::protobuf::util::MessageDifferencer::Equals(left, right);
}

}  // namespace stint
