#include "node/probes/container_probes.h"

namespace stint {
namespace {

constexpr int kTriesMax = 3;  // of a check that could not be made

// Anywhere in it, all moments alike.
Duration part_of(Duration span, Rng& rng) {
  constexpr double kSteps = 9007199254740992.0;  // 2^53, what a double holds exactly
  return std::chrono::duration_cast<Duration>(span * (static_cast<double>(rng.next() >> 11) / kSteps));
}

}  // namespace

ContainerProbes::ContainerProbes(Loop& loop, Checks& checks, Runtime& runtime, Recorder& recorder, CheckedContainerPtr container,
                                 std::optional<Published> before, std::function<void()> changed)
    : loop_(loop),
      checks_(checks),
      runtime_(runtime),
      recorder_(recorder),
      container_(std::move(container)),
      found_(before.has_value()),
      changed_(std::move(changed)),
      started_event_(loop),
      readiness_scope_(loop),
      kill_scope_(loop) {
  const corev1::Container& spec = container_->spec;
  if (spec.has_startupprobe()) startup_.emplace(ProbeKind::kStartup, spec.startupprobe());
  if (spec.has_livenessprobe()) liveness_.emplace(ProbeKind::kLiveness, spec.livenessprobe());
  if (spec.has_readinessprobe()) readiness_.emplace(ProbeKind::kReadiness, spec.readinessprobe());
  if (startup_ && before && before->started) startup_->state.assume(Health::kGood);
  if (readiness_ && before && before->ready) readiness_->state.assume(Health::kGood);
  if (started()) started_event_.set();
  if (startup_ && !started()) kill_scope_.spawn(run(*startup_));
  if (liveness_) kill_scope_.spawn(run(*liveness_));
  if (readiness_) readiness_scope_.spawn(run(*readiness_));
}

std::optional<ProbeKind> ContainerProbes::verdict() const {
  for (const auto* probed : {&startup_, &liveness_})
    if (*probed && (*probed)->state.health() == Health::kBad) return (*probed)->kind;
  return std::nullopt;
}

void ContainerProbes::pod_stops() {
  kill_scope_.cancel();
  if (liveness_) liveness_->state.assume(Health::kGood);
  if (!startup_) return;
  startup_->state.assume(Health::kGood);
  started_event_.set();
}

bool ContainerProbes::still_runs() const {
  const auto status = runtime_.status(container_->id);
  return status && status->state == ContainerState::kRunning;
}

Task<void> ContainerProbes::run(Probed& probed) {
  const Duration period = probe_period(probed.spec);
  if (found_) co_await sleep_for(loop_, part_of(period, loop_.rng()));
  const WallTime first = container_->started_at + std::chrono::seconds(probed.spec.initialdelayseconds());
  if (first > loop_.now()) co_await sleep_for(loop_, first - loop_.now());
  if (probed.kind != ProbeKind::kStartup) co_await started_event_.wait();
  while (!probed.state.held()) {
    const Duration next = loop_.steady_now() + period;
    const std::optional<bool> success = co_await check(probed);
    if (success && probed.state.take(*success)) {
      if (started()) started_event_.set();
      changed_();
    }
    co_await sleep_for(loop_, next - loop_.steady_now());
  }
}

// Nothing if it could not be made: then what was known stands.
Task<std::optional<bool>> ContainerProbes::check(Probed& probed) {
  CheckResult result;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    result = co_await checks_.probe(container_, probed.spec);
    if (result.kind != CheckResult::Kind::kError) break;
  }
  // An end on the way is the container's own affair, and told as such.
  if (result.kind != CheckResult::Kind::kSuccess && !still_runs()) co_return std::nullopt;
  const std::string name(probe_name(probed.kind));
  switch (result.kind) {
    case CheckResult::Kind::kSuccess:
      co_return true;
    case CheckResult::Kind::kWarning:
      recorder_.warning(*container_->pod, "ProbeWarning", name + " probe warning: " + result.text, container_->field_path);
      co_return true;
    case CheckResult::Kind::kFailure:
      recorder_.warning(*container_->pod, "Unhealthy", name + " probe failed: " + result.text, container_->field_path);
      co_return false;
    case CheckResult::Kind::kError:
      break;
  }
  recorder_.warning(*container_->pod, "Unhealthy", name + " probe errored and resulted in unknown state: " + result.text,
                    container_->field_path);
  co_return std::nullopt;
}

}  // namespace stint
