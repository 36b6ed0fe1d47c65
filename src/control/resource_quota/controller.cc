#include "control/resource_quota/controller.h"

#include <algorithm>

#include "api/core/quota_usage.h"
#include "control/resource_quota/plan.h"

namespace stint::resource_quota {
namespace {

using Quota = corev1::ResourceQuota;

constexpr WorkQueue::Options kQueueOptions{
    .workers = 5, .retry_base = std::chrono::milliseconds(50), .retry_max = std::chrono::seconds(10)};
// Of many objects that go at once.
constexpr Duration kGather = std::chrono::milliseconds(20);
// An object that was on its way while it was counted is counted then.
constexpr Duration kLookAgain = std::chrono::seconds(1);
constexpr Duration kResync = std::chrono::minutes(5);

const Quota& as_quota(const Object& object) { return static_cast<const Quota&>(*object); }

bool is_countable(const Kind& kind) {
  return kind.namespaced && kind.has_verb("create") && kind.has_verb("list") && kind.has_verb("delete") && kind.to_stored == nullptr;
}

}  // namespace

ResourceQuotaController::ResourceQuotaController(ControllerContext& context)
    : context_(context),
      quotas_(context.informers.of<Quota>()),
      queue_(
          context.loop, "resourcequota", kQueueOptions, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(context.loop) {
  quotas_.add_handler([this](const Object& old, const Object& next) { observe_quota(old, next); });
  for (const Kind& kind : kinds()) {
    if (!is_countable(kind)) continue;
    Informer& informer = context.informers.of(kind);
    counted_.push_back({&kind, &informer});
    informer.add_handler([this, &kind](const Object& old, const Object& next) { observe_content(kind, old, next); });
  }
}

void ResourceQuotaController::start() { scope_.spawn(run()); }

Task<void> ResourceQuotaController::run() {
  std::vector<Informer*> informers;
  for (const Counted& one : counted_) informers.push_back(one.informer);
  co_await wait_synced(std::move(informers));
  queue_.start();
}

// A status that fits the spec is the server's account, or our own write.
void ResourceQuotaController::observe_quota(const Object& old, const Object& next) {
  if (next == nullptr) return queue_.forget(object_key(*old));
  if (old == nullptr || !is_current(as_quota(next))) queue_.add(object_key(*next));
}

void ResourceQuotaController::observe_content(const Kind& kind, const Object& old, const Object& next) {
  if (old == nullptr) return;
  const std::vector<Object> quotas = quotas_.list(meta(*old).namespace_());
  if (quotas.empty() || (next != nullptr && !changes_use(kind, *old, *next, context_.loop.now()))) return;
  for (const Object& quota : quotas) {
    const bool counts = !core::counted_names(kind, as_quota(quota).spec().hard()).empty();
    if (counts) queue_.add_after(object_key(*quota), kGather);
  }
}

Task<Result<std::optional<Duration>>> ResourceQuotaController::sync(std::string key) {
  const size_t slash = key.find('/');
  const std::string ns = key.substr(0, slash);
  const Object found = quotas_.get(ns, key.substr(slash + 1));
  if (found == nullptr) co_return std::nullopt;
  std::vector<Content> contents;
  for (const Counted& one : counted_) {
    if (core::counted_names(*one.kind, as_quota(found).spec().hard()).empty()) continue;
    contents.push_back({one.kind, one.informer->list(ns)});
  }
  corev1::ResourceQuotaStatus status = status_of(as_quota(found), contents, context_.loop.now());
  if (is_same(status, as_quota(found).status())) co_return kResync;
  Quota next = as_quota(found);
  *next.mutable_status() = std::move(status);
  auto written = co_await update(context_.client, std::move(next), "status");
  if (!written && written.error().reason != Reason::kNotFound) co_return std::unexpected(written.error());
  co_return kLookAgain;
}

}  // namespace stint::resource_quota
