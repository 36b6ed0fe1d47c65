#include "control/node_lifecycle/controller.h"

#include <algorithm>

#include "api/object.h"
#include "base/log.h"

namespace stint::node_lifecycle {
namespace {

constexpr std::string_view kLeases = "kube-node-lease";
constexpr Duration kEvictionPause = std::chrono::seconds(10);

corev1::NodeCondition ready_of(const corev1::Node& node) {
  for (const auto& condition : node.status().conditions())
    if (condition.type() == "Ready") return condition;
  return {};
}

std::string conditions_of(const Object& node) {
  std::string text;
  if (node)
    for (const auto& condition : static_cast<const corev1::Node&>(*node).status().conditions())
      text += condition.type() + condition.status();
  return text;
}

}  // namespace

NodeLifecycleController::NodeLifecycleController(ControllerContext& context)
    : context_(context),
      nodes_(context.informers.of<corev1::Node>()),
      leases_(context.informers.of<coordinationv1::Lease>()),
      pods_(context.informers.of<corev1::Pod>()),
      recorder_(context.loop, context.client, "node-controller"),
      queue_(
          context.loop, "node-lifecycle", {}, [this](std::string name) { return sync_taints(std::move(name)); }, &context.metrics),
      scope_(context.loop) {
  nodes_.add_handler([this](const Object& old, const Object& next) {
    if (!next) return;
    const auto spec = [](const Object& node) { return static_cast<const corev1::Node&>(*node).spec().SerializeAsString(); };
    if (!old || conditions_of(old) != conditions_of(next) || spec(old) != spec(next)) queue_.add(meta(*next).name());
  });
}

void NodeLifecycleController::start() { scope_.spawn(run()); }

Task<void> NodeLifecycleController::run() {
  co_await wait_synced({&nodes_, &leases_, &pods_});
  queue_.start();
  while (true) {
    co_await look();
    co_await sleep_for(context_.loop, kPeriod);
  }
}

Task<void> NodeLifecycleController::look() {
  std::vector<NodePtr> nodes;
  for (const Object& object : nodes_.list()) nodes.push_back(as<corev1::Node>(object));
  std::erase_if(seen_, [this](const auto& entry) { return nodes_.get("", entry.first) == nullptr; });
  for (NodePtr& node : nodes) co_await look_at(std::move(node));
}

NodeLifecycleController::Seen& NodeLifecycleController::see(const corev1::Node& node) {
  const auto lease = as<coordinationv1::Lease>(leases_.get(std::string(kLeases), node.metadata().name()));
  const std::string renewed = lease != nullptr ? lease->spec().renewtime().SerializeAsString() : "";
  const std::string heartbeat = ready_of(node).lastheartbeattime().SerializeAsString();
  const auto [found, is_new] = seen_.try_emplace(node.metadata().name());
  Seen& seen = found->second;
  if (is_new || seen.lease != renewed || seen.heartbeat != heartbeat) seen.at = context_.loop.steady_now();
  seen.lease = renewed;
  seen.heartbeat = heartbeat;
  return seen;
}

Task<void> NodeLifecycleController::look_at(NodePtr node) {
  const std::string name = node->metadata().name();
  Seen& seen = see(*node);
  const Duration grace = readiness(*node).empty() ? kStartupGrace : kGrace;
  std::string ready = readiness(*node);
  if (context_.loop.steady_now() > seen.at + grace) {
    if (auto status = given_up(*node, context_.loop.now())) {
      corev1::Node next = *node;
      *next.mutable_status() = *std::move(status);
      auto stored = co_await update(context_.client, std::move(next), "status");
      if (!stored) {
        log_warning("node not given up", "node", name, "error", stored.error().message);
        co_return;
      }
      log_info("node gives no sign of life", "node", name);
    }
    ready = "Unknown";
  }
  const auto found = seen_.find(name);
  if (found == seen_.end()) co_return;
  if (found->second.readiness == "True" && ready != "True" && !ready.empty()) {
    recorder_.normal(*node, "NodeNotReady", "Node " + name + " status is now: NodeNotReady");
    found->second.pods_told = false;
  }
  found->second.readiness = ready;
  if (!found->second.pods_told && ready != "True") {
    const bool told = co_await tell_pods(name);
    if (const auto still = seen_.find(name); still != seen_.end()) still->second.pods_told = told;
  }
  if (drives_off(*node) != (has_to_drive_off(*node) && weigh() != Eviction::kNowhere)) queue_.add(name);
}

// True: all of them know.
Task<bool> NodeLifecycleController::tell_pods(std::string node) {
  bool all = true;
  for (const Object& object : pods_.list()) {
    const auto pod = as<corev1::Pod>(object);
    if (pod->spec().nodename() != node) continue;
    corev1::Pod next = *pod;
    auto& conditions = *next.mutable_status()->mutable_conditions();
    const auto ready = std::ranges::find(conditions, "Ready", &corev1::PodCondition::type);
    if (ready == conditions.end() || ready->status() != "True") continue;
    ready->set_status("False");
    *ready->mutable_lasttransitiontime() = to_time(context_.loop.now());
    auto stored = co_await update(context_.client, std::move(next), "status");
    if (stored) recorder_.warning(*pod, "NodeNotReady", "Node is not ready");
    all &= stored || stored.error().reason == Reason::kNotFound;
  }
  co_return all;
}

Eviction NodeLifecycleController::weigh() const {
  std::vector<NodePtr> nodes;
  for (const Object& object : nodes_.list()) nodes.push_back(as<corev1::Node>(object));
  return eviction(nodes);
}

Task<Result<std::optional<Duration>>> NodeLifecycleController::sync_taints(std::string name) {
  const auto node = as<corev1::Node>(nodes_.get("", name));
  if (node == nullptr) co_return std::nullopt;
  const Eviction state = weigh();
  const Duration now = context_.loop.steady_now();
  const bool begins = has_to_drive_off(*node) && !drives_off(*node) && state == Eviction::kNormal;
  const bool in_turn = begins && (!next_eviction_ || now >= *next_eviction_);
  if (in_turn) next_eviction_ = now + kEvictionPause;
  const bool drives = state != Eviction::kNowhere && (drives_off(*node) || in_turn);
  if (auto next_taints = taints(*node, drives, context_.loop.now())) {
    corev1::Node next = *node;
    next.mutable_spec()->mutable_taints()->Assign(next_taints->begin(), next_taints->end());
    CO_TRY_VOID(co_await update(context_.client, std::move(next)));
  }
  if (begins && !in_turn) co_return *next_eviction_ - now;
  co_return std::nullopt;
}

}  // namespace stint::node_lifecycle
