#include "node/admission.h"

#include <algorithm>
#include <limits>

#include "api/core/app_armor.h"

namespace stint {
namespace {

std::string shortage(std::string_view resource, int64_t requested, int64_t used, int64_t capacity) {
  return "Node didn't have enough resource: " + std::string(resource) + ", requested: " + std::to_string(requested) +
         ", used: " + std::to_string(used) + ", capacity: " + std::to_string(capacity);
}

// Each is of a namespace that the pod has for itself, and does no harm to others. Source: upstream's pkg/kubelet/sysctl/safe_sysctls.go.
constexpr std::string_view kSafeSysctls[] = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
};

std::optional<Refusal> refuse_sysctls(const corev1::PodSpec& spec) {
  for (const auto& sysctl : spec.securitycontext().sysctls()) {
    std::string name = sysctl.name();
    std::ranges::replace(name, '/', '.');
    const auto refuse = [&](std::string_view why) {
      return Refusal{"SysctlForbidden", "forbidden sysctl: \"" + name + "\" " + std::string(why)};
    };
    if (std::ranges::find(kSafeSysctls, name) == std::end(kSafeSysctls)) return refuse("not allowlisted");
    if (name.starts_with("net.") && spec.hostnetwork()) return refuse("not allowed with host net enabled");
    if (name.starts_with("kernel.") && spec.hostipc()) return refuse("not allowed with host ipc enabled");
  }
  return std::nullopt;
}

}  // namespace

void WeighingPods::add(const ResourceAmounts& requests, int sign) {
  for (const auto& [name, amount] : requests) {
    __int128& sum = sums_[name];
    sum += static_cast<__int128>(sign) * amount;
    if (sum == 0) sums_.erase(name);  // names are the pods' own, and would gather
  }
}

void WeighingPods::put(const std::string& uid, const corev1::PodSpec& spec) {
  ResourceAmounts& requests = requests_[uid];
  add(requests, -1);
  requests = pod_requests(spec);
  add(requests, 1);
}

void WeighingPods::drop(const std::string& uid) {
  const auto dropped = requests_.extract(uid);
  if (!dropped.empty()) add(dropped.mapped(), -1);
}

int64_t WeighingPods::count_without(const std::string& uid) const {
  return static_cast<int64_t>(requests_.size()) - (requests_.contains(uid) ? 1 : 0);
}

int64_t WeighingPods::sum_without(const std::string& uid, const std::string& resource) const {
  const auto sum = sums_.find(resource);
  if (sum == sums_.end()) return 0;
  __int128 others = sum->second;
  if (const auto own = requests_.find(uid); own != requests_.end()) {
    if (const auto amount = own->second.find(resource); amount != own->second.end()) others -= amount->second;
  }
  return static_cast<int64_t>(std::min<__int128>(others, std::numeric_limits<int64_t>::max()));
}

std::optional<Refusal> refuse_pod(const corev1::Pod& pod, const WeighingPods& here, const ResourceAmounts& allocatable) {
  const auto capacity = [&](std::string_view name) {
    auto found = allocatable.find(name);
    return found == allocatable.end() ? int64_t{0} : found->second;
  };
  if (auto refusal = refuse_sysctls(pod.spec())) return refusal;
  if (core::wants_app_armor(pod)) return Refusal{"AppArmor", "Cannot enforce AppArmor: this node applies no AppArmor profiles"};
  const std::string& uid = pod.metadata().uid();
  const int64_t count = here.count_without(uid);
  if (count + 1 > capacity("pods")) return Refusal{"OutOfpods", shortage("pods", 1, count, capacity("pods"))};

  const ResourceAmounts requests = pod_requests(pod.spec());
  for (const auto& [name, amount] : requests) {
    // One that somebody else advertises on the node, "example.com/dongle", is the scheduler's to count.
    if (name.contains('/') && !allocatable.contains(name)) continue;
    const int64_t used = here.sum_without(uid, name);
    if (amount > 0 && sum_of_amounts(used, amount) > capacity(name))
      return Refusal{"OutOf" + name, shortage(name, amount, used, capacity(name))};
  }
  return std::nullopt;
}

}  // namespace stint
