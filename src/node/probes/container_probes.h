// The probes of one attempt of a container: a task for each, that checks, counts and tells. It decides nothing about the container; who
// owns it asks for the verdicts. Destroying it ends the checks. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "client/recorder.h"
#include "node/probes/checks.h"
#include "node/probes/probe_state.h"

namespace stint {

class ContainerProbes {
 public:
  // What was published of this attempt before this process began: it stands until a check says otherwise, and the first checks are spread
  // over a period, since all containers of the node are found at once.
  struct Published {
    bool started = false, ready = false;
  };
  // `changed` may be called by any check; it may not destroy the probes.
  ContainerProbes(Loop& loop, Checks& checks, Runtime& runtime, Recorder& recorder, CheckedContainerPtr container,
                  std::optional<Published> before, std::function<void()> changed);

  bool started() const { return !startup_ || startup_->state.health() == Health::kGood; }
  bool ready() const { return started() && (!readiness_ || readiness_->state.health() == Health::kGood); }
  // The probe for which the container has to be killed, if any.
  std::optional<ProbeKind> verdict() const;
  // Its pod is being stopped: only readiness is still asked for.
  void pod_stops();

 private:
  struct Probed {
    Probed(ProbeKind kind, const corev1::Probe& spec) : kind(kind), spec(spec), state(kind, spec) {}
    const ProbeKind kind;
    const corev1::Probe spec;
    ProbeState state;
  };
  Task<void> run(Probed& probed);
  Task<std::optional<bool>> check(Probed& probed);
  bool still_runs() const;

  Loop& loop_;
  Checks& checks_;
  Runtime& runtime_;
  Recorder& recorder_;
  const CheckedContainerPtr container_;
  const bool found_;  // of an earlier life
  const std::function<void()> changed_;
  std::optional<Probed> startup_, liveness_, readiness_;
  Event started_event_;
  Scope readiness_scope_, kill_scope_;  // last: destroyed first
};

}  // namespace stint
