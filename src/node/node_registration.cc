// The node's own objects: Node, written when it changes or every five minutes, and its Lease, renewed at every heartbeat.
#include "api/object.h"
#include "base/log.h"
#include "node/node_agent.h"

namespace stint {
namespace {

constexpr Duration kStatusWritePeriod = std::chrono::minutes(5);
constexpr int kLeaseSeconds = 40;
constexpr Duration kFirstRetry = std::chrono::milliseconds(200);
constexpr const char* kLeaseNamespace = "kube-node-lease";

}  // namespace

Task<void> NodeAgent::keep_registered() {
  while (true) {
    auto put = co_await put_node();
    if (!put) log_warning("node not registered", "node", options_.name, "error", put.error().message);
    co_await sleep_for(loop_, put ? options_.heartbeat : kFirstRetry);
    description_.facts = co_await look_at_machine();
  }
}

Task<NodeFacts> NodeAgent::look_at_machine() {
  if (options_.facts) co_return *options_.facts;
  co_return co_await on_pool(loop_, [dir = options_.data_dir] { return read_node_facts(dir); });
}

Task<Result<void>> NodeAgent::put_node() {
  auto found = co_await get<corev1::Node>(client_, "", options_.name);
  if (!found && found.error().reason != Reason::kNotFound) co_return std::unexpected(std::move(found).error());
  if (!found) {
    corev1::Node node;
    node.mutable_metadata()->set_name(options_.name);
    set_node_labels(description_, *node.mutable_metadata());
    found = co_await create(client_, std::move(node));
    if (!found) co_return std::unexpected(std::move(found).error());
  }
  corev1::Node labelled = **found;
  set_node_labels(description_, *labelled.mutable_metadata());
  const auto& before = (*found)->metadata().labels();
  const bool missing = std::any_of(labelled.metadata().labels().begin(), labelled.metadata().labels().end(), [&](const auto& label) {
    auto old = before.find(label.first);
    return old == before.end() || old->second != label.second;
  });
  if (missing) {
    found = co_await update(client_, std::move(labelled));
    if (!found) co_return std::unexpected(std::move(found).error());
  }
  corev1::NodeStatus status = node_status(description_, (*found)->status(), loop_.now());
  const bool due = loop_.now() - status_written_at_ >= kStatusWritePeriod;
  if (!due && same_node_status(status, (*found)->status())) co_return Result<void>{};
  corev1::Node next = **found;
  *next.mutable_status() = std::move(status);
  auto stored = co_await update(client_, std::move(next), "status");
  if (!stored) co_return std::unexpected(std::move(stored).error());
  status_written_at_ = loop_.now();
  co_return Result<void>{};
}

Task<void> NodeAgent::keep_lease() {
  while (true) {
    auto renewed = co_await renew_lease();
    if (!renewed) log_warning("node lease not renewed", "node", options_.name, "error", renewed.error().message);
    co_await sleep_for(loop_, renewed ? options_.heartbeat : kFirstRetry);
  }
}

Task<Result<void>> NodeAgent::renew_lease() {
  auto found = co_await get<coordinationv1::Lease>(client_, kLeaseNamespace, options_.name);
  if (!found && found.error().reason != Reason::kNotFound) co_return std::unexpected(std::move(found).error());
  coordinationv1::Lease lease = found ? **found : coordinationv1::Lease();
  lease.mutable_metadata()->set_name(options_.name);
  lease.mutable_metadata()->set_namespace_(kLeaseNamespace);
  lease.mutable_spec()->set_holderidentity(options_.name);
  lease.mutable_spec()->set_leasedurationseconds(kLeaseSeconds);
  *lease.mutable_spec()->mutable_renewtime() = to_micro_time(loop_.now());
  auto write = found ? update(client_, std::move(lease)) : create(client_, std::move(lease));
  auto stored = co_await std::move(write);
  if (!stored) co_return std::unexpected(std::move(stored).error());
  co_return Result<void>{};
}

}  // namespace stint
