#include "store/observed_store.h"

namespace stint {

Result<void> ObservedStore::health() const {
  if (refusal_) return fail(*refusal_);
  return {};
}

Task<Result<Revision>> ObservedStore::commit(Write write) {
  Result<Revision> revision = co_await ForwardingStore::commit(std::move(write));
  if (revision) {
    refusal_.reset();
  } else if (revision.error().reason == Reason::kInternalError) {
    refusal_ = revision.error();
  }
  co_return revision;
}

}  // namespace stint
