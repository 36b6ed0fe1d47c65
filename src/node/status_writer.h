// Brings a pod's status to the server without holding up the pod: writes run beside the worker, and what changes meanwhile goes into
// the next one. Only differences are written, under the object's lock; a conflict is computed again from the newer object.
// Loop thread only.
#pragma once

#include <functional>
#include <memory>

#include "base/loop.h"
#include "client/client.h"

namespace stint {

class StatusWriter {
 public:
  using Pod = std::shared_ptr<const corev1::Pod>;
  // From the newest object to the status that it should have.
  using Compute = std::function<corev1::PodStatus(const corev1::Pod& newest)>;

  StatusWriter(Loop& loop, Client& client, Pod pod, Compute compute);

  void start() { scope_.spawn(run()); }
  void touch();  // the computed status may have changed
  // An object from the informer. False: not newer than what is known here.
  bool saw(Pod newest);
  void set_gone();  // the object is no more: nothing will be written
  // Returns when all that was touched so far is stored, or the object is gone.
  Task<void> flush();
  const corev1::Pod& newest() const { return *newest_; }
  bool gone() const { return gone_; }

 private:
  enum class Attempt { kDone, kAgain };
  Task<void> run();
  Task<Attempt> write();
  Task<Attempt> refetch();

  Loop& loop_;
  Client& client_;
  Pod newest_;
  Compute compute_;
  uint64_t touched_ = 0, stored_ = 0;
  bool gone_ = false;
  Event dirty_, progress_;
  Scope scope_;
};

}  // namespace stint
