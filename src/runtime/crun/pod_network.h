// The network of this machine's pods: one bridge with a subnet of its own, and for each pod a network and an IPC namespace, pinned by bind
// mounts, so that no process has to keep them. Some are made in advance: a pod then gets its network in no time. Nothing but the kernel is
// asked (rtnetlink); see docs/adr/0006. Several instances run side by side. Loop thread only; blocking work goes to the pool of threads.
//
//   RUN/network/subnet             "10.88.16.0/20"
//   RUN/network/slots/N/{net,ipc}  the pinned namespaces that have the N-th address
//   RUN/network/slots/N/owner      the sandbox that holds them; absent while they are ready
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/slots.h"
#include "os/netlink.h"
#include "runtime/crun/host_ports.h"

namespace stint::crun {

struct PodNamespaces {
  std::string network_path, ipc_path;
  std::string ip;
};

// Where the N-th namespaces are and what they are called. A value, so that work on the pool of threads owns it; make() and remove() block.
struct SlotPlan {
  std::string dir;     // RUN/network
  std::string bridge;  // "stint-12345678"
  os::Ipv4Subnet subnet;

  std::string slot_dir(uint32_t slot) const { return dir + "/slots/" + std::to_string(slot); }
  std::string owner_file(uint32_t slot) const { return slot_dir(slot) + "/owner"; }
  std::string veth_prefix() const { return "v" + bridge.substr(bridge.find('-') + 1) + "-"; }
  std::string veth(uint32_t slot) const;
  PodNamespaces namespaces(uint32_t slot) const;
  Result<void> make(uint32_t slot) const;  // leaves nothing when it fails
  Result<void> remove(uint32_t slot) const;
};

class PodNetwork {
 public:
  // `run_dir` is lost at a reboot, as the namespaces are. `instance`: hexadecimal digits that name this data directory; the links are
  // called after it. Chooses the subnet, and keeps to the one it chose before. Blocking.
  static Result<std::unique_ptr<PodNetwork>> open(Loop& loop, const std::string& run_dir, const std::string& instance);

  // The bridge's address: where pods find this machine.
  std::string gateway() const { return os::ipv4_text(plan_.subnet.base + 1); }

  // Makes the bridge, takes over what an earlier life left, and starts to keep namespaces ready. Comes before every other call; may be
  // tried again if it fails.
  Task<Result<void>> recover();
  // Recorded on disk before it is returned; the same again for the same sandbox.
  Task<Result<PodNamespaces>> take(std::string sandbox_id);
  std::optional<PodNamespaces> find(const std::string& sandbox_id) const;
  std::vector<std::string> sandboxes() const;
  // Namespaces go to one pod only and are never given to a second one. Fine if it holds none.
  Task<Result<void>> give_back(std::string sandbox_id);
  // Makes these ports of the machine lead to their pods, and no others; whoever asks later wins.
  Task<Result<void>> publish(std::vector<PublishedPort> ports);
  // Nothing is left on the machine.
  Task<Result<void>> remove_all();

 private:
  PodNetwork(Loop& loop, SlotPlan plan) : loop_(loop), plan_(std::move(plan)), changed_(loop), publishing_(loop, 1), scope_(loop) {}
  uint32_t reserve_slot();
  Task<Result<uint32_t>> make_slot();
  Task<void> keep_ready();
  Task<void> masquerade();

  Loop& loop_;
  const SlotPlan plan_;
  std::deque<uint32_t> ready_;
  std::map<std::string, uint32_t> owners_;  // sandbox → slot
  std::map<uint32_t, bool> used_;           // every slot that exists or is being made or removed
  uint32_t last_slot_ = 1;                  // 1 is the bridge
  int making_ = 0;                          // what is under way and must end before all is removed
  uint64_t failures_ = 0;                   // of make_slot(), which take() answers with where none is ready
  Error last_failure_;
  bool stopping_ = false;
  Event changed_;                         // of ready_, making_ or stopping_
  Slots publishing_;                      // one script at a time, in the order asked
  std::vector<PublishedPort> published_;  // as asked last
  Scope scope_;                           // last: destroyed first
};

}  // namespace stint::crun
