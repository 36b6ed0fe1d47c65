#include "control/ttl/controller.h"

#include "base/log.h"
#include "control/ttl/expiry.h"

namespace stint {

using ttl::find_expiry;

TtlController::TtlController(ControllerContext& context)
    : loop_(context.loop),
      client_(context.client),
      jobs_(context.informers.of<batchv1::Job>()),
      lateness_(context.metrics
                    .histograms("ttl_after_finished_controller_job_deletion_duration_seconds",
                                "Time from the end of a Job's ttl to its deletion.", exponential_bounds(0.1, 2, 14))
                    .with({})),
      queue_(
          loop_, "ttl_jobs_to_delete", {}, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(loop_) {
  jobs_.add_handler([this](const Object&, const Object& next) {
    if (next == nullptr) return;
    const auto expiry = find_expiry(*as<batchv1::Job>(next));
    if (!expiry || *expiry) queue_.add(object_key(*next));
  });
}

void TtlController::start() { scope_.spawn(run()); }

Task<void> TtlController::run() {
  co_await wait_synced({&jobs_});
  queue_.start();
}

Task<Result<std::optional<Duration>>> TtlController::sync(std::string key) {
  const size_t slash = key.find('/');
  const auto cached = as<batchv1::Job>(jobs_.get(key.substr(0, slash), key.substr(slash + 1)));
  if (cached == nullptr) co_return std::nullopt;
  CO_TRY(const auto expiry, find_expiry(*cached));
  if (!expiry) co_return std::nullopt;
  if (*expiry > loop_.now()) co_return *expiry - loop_.now();

  // The cache may be behind: the ttl may have been raised, or taken away.
  const auto& metadata = cached->metadata();
  const auto fresh = co_await get<batchv1::Job>(client_, metadata.namespace_(), metadata.name());
  if (!fresh && fresh.error().reason == Reason::kNotFound) co_return std::nullopt;
  if (!fresh) co_return fail(fresh.error());
  CO_TRY(const auto fresh_expiry, find_expiry(**fresh));
  if (!fresh_expiry) co_return std::nullopt;
  if (*fresh_expiry > loop_.now()) co_return *fresh_expiry - loop_.now();

  log_info("job expired", "job", key);
  const auto removed = co_await client_.remove(kind_of<batchv1::Job>(), metadata.namespace_(), metadata.name(),
                                               {.propagation = Propagation::kForeground, .uid = (*fresh)->metadata().uid()});
  if (!removed && removed.error().reason != Reason::kNotFound) co_return fail(removed.error());
  if (removed) lateness_.observe(std::chrono::duration<double>(loop_.now() - *fresh_expiry).count());
  co_return std::nullopt;
}

}  // namespace stint
