#include "control/disruption/controller.h"

#include "api/selector.h"
#include "control/disruption/plan.h"

namespace stint::disruption {
namespace {

using Budget = policyv1::PodDisruptionBudget;

constexpr WorkQueue::Options kQueueOptions{
    .workers = 5, .retry_base = std::chrono::milliseconds(50), .retry_max = std::chrono::seconds(10)};

const Budget& as_budget(const Object& object) { return static_cast<const Budget&>(*object); }

// A budget without a selector is about no pod.
bool selects(const Budget& budget, const Message& pod) {
  if (!budget.spec().has_selector()) return false;
  const Result<LabelSelector> selector = LabelSelector::from(budget.spec().selector());
  return selector && selector->matches(meta(pod).labels());
}

}  // namespace

DisruptionController::DisruptionController(ControllerContext& context)
    : context_(context),
      budgets_(context.informers.of<Budget>()),
      pods_(context.informers.of<corev1::Pod>()),
      queue_(
          context.loop, "disruption", kQueueOptions, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(context.loop) {
  budgets_.add_handler([this](const Object& old, const Object& next) {
    if (next == nullptr) return queue_.forget(object_key(*old));
    queue_.add(object_key(*next));
  });
  pods_.add_handler([this](const Object& old, const Object& next) {
    if (budgets_.size() == 0) return;
    if (old != nullptr) observe_pod(*old);
    if (next != nullptr) observe_pod(*next);
  });
}

void DisruptionController::start() { scope_.spawn(run()); }

Task<void> DisruptionController::run() {
  co_await wait_synced({&budgets_, &pods_});
  queue_.start();
}

void DisruptionController::observe_pod(const Message& pod) {
  for (const Object& budget : budgets_.list(meta(pod).namespace_())) {
    if (selects(as_budget(budget), pod)) queue_.add(object_key(*budget));
  }
}

Task<Result<std::optional<Duration>>> DisruptionController::sync(std::string key) {
  const size_t slash = key.find('/');
  const std::string ns = key.substr(0, slash);
  const Object found = budgets_.get(ns, key.substr(slash + 1));
  if (found == nullptr) co_return std::nullopt;
  std::vector<PodPtr> pods;
  for (const Object& pod : pods_.list(ns)) {
    if (selects(as_budget(found), *pod)) pods.push_back(as<corev1::Pod>(pod));
  }
  Plan next = plan(as_budget(found), pods, context_.loop.now());
  if (is_same(next.status, as_budget(found).status())) co_return next.look_again;
  Budget budget = as_budget(found);
  *budget.mutable_status() = std::move(next.status);
  auto written = co_await update(context_.client, std::move(budget), "status");
  if (!written && written.error().reason != Reason::kNotFound) co_return std::unexpected(written.error());
  co_return next.look_again;
}

}  // namespace stint::disruption
