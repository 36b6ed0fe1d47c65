#include "control/informers.h"

namespace stint {

Informer& SharedInformers::of(const Kind& kind) {
  std::unique_ptr<Informer>& informer = informers_[&kind];
  if (!informer) {
    informer = std::make_unique<Informer>(loop_, client_, kind);
    informer->add_index(std::string(kControllerIndex), controller_uid_index);
    if (started_) informer->start();
  }
  return *informer;
}

void SharedInformers::start() {
  started_ = true;
  for (auto& [kind, informer] : informers_) informer->start();
}

Task<void> wait_synced(std::vector<Informer*> informers) {
  for (Informer* informer : informers) co_await informer->synced_event().wait();
}

}  // namespace stint
