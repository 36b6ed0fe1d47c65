// A store that remembers whether its medium took the last write, for who asks how the server is. Loop thread only.
#pragma once

#include <optional>

#include "store/forwarding_store.h"

namespace stint {

class ObservedStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  // Why the medium refused the last write; that somebody else wrote first is no refusal.
  Result<void> health() const;

  Task<Result<Revision>> commit(Write write) override;

 private:
  std::optional<Error> refusal_;
};

}  // namespace stint
