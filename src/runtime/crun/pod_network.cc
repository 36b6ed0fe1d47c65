#include "runtime/crun/pod_network.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/log.h"
#include "os/file.h"
#include "os/namespaces.h"
#include "os/spawn.h"

namespace stint::crun {
namespace {

constexpr int kPrefixLength = 20;
// Addresses go round this many, so that one rests before somebody else has it. (A bridge takes 1,024 links at a time.)
constexpr uint32_t kSlotsMax = (1u << (32 - kPrefixLength)) - 2;
constexpr size_t kReadyMax = 12;
constexpr uint32_t kCandidatesBase = 10u << 24 | 88u << 16;  // 10.88.0.0 to 10.103.255.255
constexpr uint32_t kCandidates = 256;
constexpr size_t kOwnerBytesMax = 256;
constexpr Duration kRetry = std::chrono::seconds(1);
constexpr Duration kProgramLimit = std::chrono::seconds(10);
constexpr char kSubnetNote[] = "/network/subnet";
constexpr size_t kInstanceDigits = 8;  // a link's name has at most 15 characters

std::string bridge_name(const std::string& instance) { return "stint-" + instance.substr(0, kInstanceDigits); }

Result<os::Ipv4Subnet> remembered_subnet(const std::string& note) {
  TRY(const std::string text, os::read_file(note, 64));
  TRY(const uint32_t base, os::parse_ipv4(text.substr(0, text.find('/'))));
  return os::Ipv4Subnet{base, kPrefixLength};
}

// What this machine has a route to, and what another instance has chosen that may not have its bridge yet.
Result<std::vector<os::Ipv4Subnet>> taken_subnets(const std::string& instances_dir, const std::string& bridge) {
  TRY(auto taken, os::routed_subnets(bridge));
  TRY(const auto instances, os::list_directory(instances_dir));
  for (const std::string& instance : instances) {
    if (const auto other = remembered_subnet(instances_dir + "/" + instance + kSubnetNote)) taken.push_back(*other);
  }
  return taken;
}

// Each instance begins its search elsewhere, so that two rarely meet.
Result<os::Ipv4Subnet> choose_subnet(const std::string& instances_dir, const std::string& bridge) {
  TRY(const auto taken, taken_subnets(instances_dir, bridge));
  const uint32_t first = static_cast<uint32_t>(std::hash<std::string>{}(bridge) % kCandidates);
  for (uint32_t i = 0; i < kCandidates; ++i) {
    const os::Ipv4Subnet candidate{kCandidatesBase + (((first + i) % kCandidates) << (32 - kPrefixLength)), kPrefixLength};
    if (std::ranges::none_of(taken, [&](const auto& other) { return candidate.overlaps(other); })) return candidate;
  }
  return fail(Reason::kConflict, "no free subnet for pods: all of 10.88.0.0 to 10.103.255.255 is routed elsewhere");
}

Result<void> make_bridge(const std::string& bridge, const os::Ipv4Subnet& subnet) {
  TRY(os::RouteSocket routes, os::RouteSocket::open());
  TRY_VOID(routes.create_bridge(bridge));
  TRY(const int link, routes.link_index(bridge));
  TRY_VOID(routes.add_address(link, subnet.base + 1, subnet.prefix_length));
  return routes.set_up(link);
}

Result<void> enable_forwarding() {
  constexpr char kSwitch[] = "/proc/sys/net/ipv4/ip_forward";
  TRY(const std::string now, os::read_file(kSwitch, 16));
  if (now.starts_with('1')) return {};
  TRY(const os::Descriptor file, os::open_path(kSwitch, O_WRONLY));
  return os::write_all(file.get(), "1");
}

// Connections from 127.0.0.1 may leave by the bridge, for ports of this machine that lead to pods.
Result<void> let_loopback_out(const std::string& bridge) {
  TRY(const os::Descriptor file, os::open_path("/proc/sys/net/ipv4/conf/" + bridge + "/route_localnet", O_WRONLY));
  return os::write_all(file.get(), "1");
}

Result<void> set_up_inside(uint32_t address, int prefix_length, uint32_t gateway) {
  TRY(os::RouteSocket routes, os::RouteSocket::open());
  TRY(const int loopback, routes.link_index("lo"));
  TRY_VOID(routes.set_up(loopback));
  TRY(const int link, routes.link_index("eth0"));
  TRY_VOID(routes.add_address(link, address, prefix_length));
  TRY_VOID(routes.set_up(link));
  return routes.add_default_route(gateway);
}

Task<Result<void>> run_nft(Loop& loop, std::string script) {
  CO_TRY(std::string nft, os::find_program("nft"));
  os::Command command{.args = {std::move(nft), std::move(script)}};
  CO_TRY(const os::ProcessResult result, co_await os::run(loop, std::move(command), kProgramLimit));
  if (result.exit_code != 0) co_return fail(Reason::kInternalError, "nft: " + result.err);
  co_return Result<void>{};
}

}  // namespace

Result<std::unique_ptr<PodNetwork>> PodNetwork::open(Loop& loop, const std::string& run_dir, const std::string& instance) {
  const std::string instances_dir = std::filesystem::path(run_dir).parent_path(), note = run_dir + kSubnetNote;
  SlotPlan plan{.dir = run_dir + "/network", .bridge = bridge_name(instance)};
  TRY_VOID(os::make_directories(plan.dir + "/slots", 0700));
  // Two instances that start at once must not choose the same.
  TRY(const auto lock, os::FileLock::acquire_waiting(instances_dir + "/subnets.lock"));
  auto subnet = remembered_subnet(note);
  if (!subnet && subnet.error().reason != Reason::kNotFound) return std::unexpected(subnet.error());
  if (!subnet) {
    TRY(subnet, choose_subnet(instances_dir, plan.bridge));
    TRY_VOID(os::write_file_atomically(note, subnet->to_string(), os::Durability::kVisible));
  }
  plan.subnet = *subnet;
  return std::unique_ptr<PodNetwork>(new PodNetwork(loop, std::move(plan)));
}

// "v" keeps them apart from bridges; hexadecimal keeps them short.
std::string SlotPlan::veth(uint32_t slot) const {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, slot, 16).ptr;
  return veth_prefix() + std::string(digits, end);
}

PodNamespaces SlotPlan::namespaces(uint32_t slot) const {
  return {slot_dir(slot) + "/net", slot_dir(slot) + "/ipc", os::ipv4_text(subnet.base + slot)};
}

Result<void> SlotPlan::make(uint32_t slot) const {
  const PodNamespaces names = namespaces(slot);
  auto made = [&]() -> Result<void> {
    TRY_VOID(os::make_directories(slot_dir(slot), 0700));
    TRY_VOID(os::pin_new_namespaces(names.network_path, names.ipc_path));
    TRY(os::RouteSocket routes, os::RouteSocket::open());
    TRY(const int bridge_link, routes.link_index(bridge));
    TRY(const os::Descriptor network, os::open_path(names.network_path, O_RDONLY));
    TRY_VOID(routes.delete_link(veth(slot)));  // of a namespace that the kernel has not yet torn down
    TRY_VOID(routes.create_veth(veth(slot), bridge_link, "eth0", network.get()));
    return os::in_pinned_namespaces({names.network_path},
                                    [&] { return set_up_inside(subnet.base + slot, subnet.prefix_length, subnet.base + 1); });
  }();
  if (made) return made;
  if (auto undone = remove(slot); !undone) made.error().message += "; " + undone.error().message;
  return made;
}

// The link goes with the namespace.
Result<void> SlotPlan::remove(uint32_t slot) const {
  const PodNamespaces names = namespaces(slot);
  TRY_VOID(os::unpin_namespace(names.network_path));
  TRY_VOID(os::unpin_namespace(names.ipc_path));
  return os::remove_tree(slot_dir(slot));
}

std::optional<PodNamespaces> PodNetwork::find(const std::string& sandbox_id) const {
  const auto found = owners_.find(sandbox_id);
  if (found == owners_.end()) return std::nullopt;
  return plan_.namespaces(found->second);
}

std::vector<std::string> PodNetwork::sandboxes() const {
  std::vector<std::string> ids;
  for (const auto& [id, slot] : owners_) ids.push_back(id);
  return ids;
}

// In turn, so that an address rests as long as possible before somebody else has it. 0: all are used.
uint32_t PodNetwork::reserve_slot() {
  for (uint32_t tries = 0; tries < kSlotsMax; ++tries) {
    last_slot_ = last_slot_ >= kSlotsMax ? 2 : last_slot_ + 1;
    if (used_.emplace(last_slot_, true).second) return last_slot_;
  }
  return 0;
}

Task<Result<uint32_t>> PodNetwork::make_slot() {
  const uint32_t slot = reserve_slot();
  if (slot == 0) co_return fail(Reason::kConflict, "all " + std::to_string(kSlotsMax - 1) + " pod addresses are in use");
  ++making_;
  auto made = co_await on_pool(loop_, [plan = plan_, slot] { return plan.make(slot); });
  --making_;
  changed_.pulse();
  if (made) co_return slot;
  used_.erase(slot);
  co_return std::unexpected(std::move(made).error());
}

Task<void> PodNetwork::keep_ready() {
  while (!stopping_) {
    if (ready_.size() >= kReadyMax) {
      co_await changed_.wait();
      continue;
    }
    auto slot = co_await make_slot();
    if (slot) {
      ready_.push_back(*slot);
      changed_.pulse();
    } else {
      log_warning("pod network cannot be made ready", "error", slot.error().message);
      ++failures_;
      last_failure_ = std::move(slot).error();
      changed_.pulse();
      co_await sleep_for(loop_, kRetry);
    }
  }
}

Task<Result<PodNamespaces>> PodNetwork::take(std::string sandbox_id) {
  if (stopping_) co_return fail(Reason::kServiceUnavailable, "the pod network is being taken down");
  if (auto held = find(sandbox_id)) co_return *std::move(held);
  for (const uint64_t failures = failures_; ready_.empty();) {
    co_await changed_.wait();
    if (stopping_) co_return fail(Reason::kServiceUnavailable, "the pod network is being taken down");
    if (failures_ != failures) co_return std::unexpected(last_failure_);
  }
  const uint32_t slot = ready_.front();
  ready_.pop_front();
  changed_.pulse();
  owners_[sandbox_id] = slot;
  auto noted = co_await on_pool(
      loop_, [path = plan_.owner_file(slot), sandbox_id] { return os::write_file_atomically(path, sandbox_id, os::Durability::kVisible); });
  if (!noted) {
    owners_.erase(sandbox_id);
    ready_.push_back(slot);
    changed_.pulse();
    co_return std::unexpected(std::move(noted).error());
  }
  co_return plan_.namespaces(slot);
}

Task<Result<void>> PodNetwork::give_back(std::string sandbox_id) {
  const auto found = owners_.find(sandbox_id);
  if (found == owners_.end()) co_return Result<void>{};
  const uint32_t slot = found->second;
  CO_TRY_VOID(co_await on_pool(loop_, [plan = plan_, slot] { return plan.remove(slot); }));
  owners_.erase(sandbox_id);
  used_.erase(slot);
  co_return Result<void>{};
}

Task<Result<void>> PodNetwork::recover() {
  struct Left {
    std::map<std::string, uint32_t> owners;
    std::vector<uint32_t> stuck;  // could not be removed: the next life tries again
  };
  auto left = co_await on_pool(loop_, [plan = plan_]() -> Result<Left> {
    TRY_VOID(make_bridge(plan.bridge, plan.subnet));
    TRY(const auto names, os::list_directory(plan.dir + "/slots"));
    Left found;
    for (const std::string& name : names) {
      const auto slot = static_cast<uint32_t>(std::strtoul(name.c_str(), nullptr, 10));
      const PodNamespaces pinned = plan.namespaces(slot);
      const auto owner = os::read_file(plan.owner_file(slot), kOwnerBytesMax);
      if (owner && os::is_pinned_namespace(pinned.network_path) && os::is_pinned_namespace(pinned.ipc_path)) {
        found.owners[*owner] = slot;
      } else if (auto removed = plan.remove(slot); !removed) {
        log_warning("left over pod network stays", "slot", slot, "error", removed.error().message);
        found.stuck.push_back(slot);
      }
    }
    return found;
  });
  if (!left) co_return std::unexpected(std::move(left).error());
  owners_ = std::move(left->owners);
  for (const auto& [id, slot] : owners_) used_.emplace(slot, true);
  for (const uint32_t slot : left->stuck) used_.emplace(slot, true);
  scope_.spawn(keep_ready());
  scope_.spawn(masquerade());
  co_return Result<void>{};
}

// Pods reach what the machine reaches. Where that cannot be set up they still reach the machine.
Task<void> PodNetwork::masquerade() {
  ++making_;
  auto forwarded = co_await on_pool(loop_, enable_forwarding);
  const std::string& table = plan_.bridge;
  const std::string chain = "ip " + table + " post";
  std::string script =
      "add table ip " + table + "; add chain " + chain + " { type nat hook postrouting priority 100; }; flush chain " + chain;
  script += "; add rule " + chain + " ip saddr " + plan_.subnet.to_string() + " oifname != \"" + table + "\" masquerade";
  // The answer of a pod to itself, to a neighbour or to 127.0.0.1 must come back this way.
  script += "; add rule " + chain + " ct status dnat oifname \"" + table + "\" ip saddr { 127.0.0.0/8, " + plan_.subnet.to_string() +
            " } masquerade";
  const Result<void> set = co_await run_nft(loop_, std::move(script));
  --making_;
  changed_.pulse();
  if (!forwarded) log_warning("pods reach this machine only: no forwarding", "error", forwarded.error().message);
  if (!set) log_warning("pods reach this machine only: no masquerading", "error", set.error().message);
}

Task<Result<void>> PodNetwork::publish(std::vector<PublishedPort> ports) {
  published_ = std::move(ports);
  const Slots::Held turn = co_await publishing_.take();
  if (stopping_) co_return Result<void>{};
  ++making_;
  Result<void> set;
  if (!published_.empty()) set = co_await on_pool(loop_, [bridge = plan_.bridge] { return let_loopback_out(bridge); });
  if (set) set = co_await run_nft(loop_, host_port_rules(plan_.bridge, published_));
  --making_;
  changed_.pulse();
  co_return set;
}

Task<Result<void>> PodNetwork::remove_all() {
  stopping_ = true;
  changed_.pulse();
  while (making_ > 0) co_await changed_.wait();
  CO_TRY_VOID(co_await on_pool(loop_, [plan = plan_]() -> Result<void> {
    TRY(const auto names, os::list_directory(plan.dir + "/slots"));
    for (const std::string& name : names) TRY_VOID(plan.remove(static_cast<uint32_t>(std::strtoul(name.c_str(), nullptr, 10))));
    TRY(os::RouteSocket routes, os::RouteSocket::open());
    TRY(const auto links, os::links_with_prefix(plan.veth_prefix()));
    for (const std::string& link : links) TRY_VOID(routes.delete_link(link));
    TRY_VOID(routes.delete_link(plan.bridge));
    return os::remove_tree(plan.dir);
  }));
  owners_.clear();
  ready_.clear();
  const std::string& table = plan_.bridge;
  if (auto removed = co_await run_nft(loop_, "add table ip " + table + "; delete table ip " + table); !removed) {
    log_warning("masquerading stays", "table", table, "error", removed.error().message);
  }
  co_return Result<void>{};
}

}  // namespace stint::crun
