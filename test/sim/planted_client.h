// A controller that does wrong, played by a client that changes what it writes. For the proof that the checkers see it. Loop thread only.
#pragma once

#include <memory>

#include "client/client.h"

namespace stint::sim {

enum class Plant {
  kDoubleCount,     // a Job's first count of a failed or succeeded pod is one too high
  kLostFinalizer,   // the removal of a pod's finalizer is acknowledged, but not done
  kEarlyRelease,    // a pod's finalizer goes before the Job's status has its uid
  kEarlyCondition,  // a Job with a pod that runs is said to be Complete
  kSecondPod,       // a pod is created twice
  kSecondRun,       // a CronJob's run is started twice
  kOverlap,         // another run is started beside it
  kLostRun,         // the creation of a run is acknowledged, but not done
  kForgottenIndex,  // an index that was completed is taken back
};

std::unique_ptr<Client> make_planted_client(Plant plant, std::unique_ptr<Client> inner);

}  // namespace stint::sim
